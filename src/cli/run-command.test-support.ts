/** A command of the command line as tests give it: in this process, with nothing to reach but what the test brings. */
import assert from 'node:assert/strict';
import { Command } from 'commander';
import { commands } from './commands.ts';
import type { Context } from './context.ts';
import { capturedOutput } from './output.ts';

export interface Ran {
  readonly lines: readonly string[];
  readonly notes: readonly string[];
  readonly values: readonly unknown[];
  /** Of the process, as far as the command has said it. */
  readonly status: number;
}

/** Whatever a test does not bring fails it when it is used. */
export function idleContext(parts: Partial<Context> = {}): Context {
  return {
    output: capturedOutput(),
    dataDirectory: '/nowhere',
    user: 'ana',
    control: () => assert.fail(),
    connect: () => assert.fail(),
    send: () => assert.fail(),
    signal: new AbortController().signal,
    exitWith: () => {},
    ...parts,
  };
}

/** Throws what the command throws. */
export async function runCommand(words: readonly string[], parts: Partial<Context> = {}): Promise<Ran> {
  const { error, ...ran } = await tryCommand(words, parts);
  if (error !== undefined) throw error;
  return ran;
}

/** The same, also for what was printed before the command failed. */
export async function tryCommand(
  words: readonly string[],
  parts: Partial<Context> = {},
): Promise<Ran & { readonly error: unknown }> {
  const output = capturedOutput();
  let status = 0;
  const exitWith = (wanted: number): void => void (status = Math.max(status, wanted));
  const context = idleContext({ output, exitWith, ...parts });
  const program = new Command('leadglass').exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  (await commands[words[0] ?? '']?.load())?.register(program, context);
  let error: unknown;
  await program.parseAsync([...words], { from: 'user' }).catch((thrown: unknown) => {
    error = thrown;
  });
  return { lines: output.lines, notes: output.notes, values: output.values, status, error };
}
