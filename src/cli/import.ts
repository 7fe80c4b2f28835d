/** `leadglass import PATH...`: files, folders and DICOMDIR media, through the same guard and store as every other way. */
import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { LeadglassError, asLeadglassError } from '../error.ts';
import { escapeForDisplay } from '../log.ts';
import type { Context } from './context.ts';
import { exitStatus } from './exit-status.ts';
import { interrupted, turn } from './interruption.ts';
import { withJson } from './options.ts';
import { counted, formatBytes } from './output.ts';
import { findFiles, requirePaths } from './find-files.ts';
import type { FoundFile } from './find-files.ts';

interface FileResult {
  readonly path: string;
  readonly result: 'stored' | 'duplicate' | 'conflict' | 'skipped' | 'failed';
  readonly sopInstanceUid?: string;
  readonly lengthBytes?: number;
  readonly problem?: string;
}

/** Files under way at once: enough to share the store's group commits, few enough to stay fair to the doors. */
const filesAtOnce = 4;

export function register(program: Command, context: Context): void {
  withJson(program.command('import <path...>'))
    .description(
      'Import DICOM files, folders and DICOMDIR media. The running server stores them; nothing is changed in place.',
    )
    .option('--quiet', 'print only problems and the summary')
    .addHelpText(
      'after',
      `
A folder with a DICOMDIR is read as media: what the DICOMDIR lists, and nothing outside the folder. Other folders are
walked; files that are not DICOM are skipped. Exit status 1 when a file failed or is in conflict with a stored one.

Examples:
  leadglass import scan.dcm
  leadglass import /media/cdrom
  leadglass import exports/ --quiet`,
    )
    .action(async (paths: readonly string[], options: { readonly quiet?: boolean; readonly json?: boolean }) => {
      await importPaths(context, paths, options);
    });
}

interface ImportOptions {
  readonly quiet?: boolean;
  readonly json?: boolean;
}

async function importPaths(context: Context, paths: readonly string[], options: ImportOptions): Promise<void> {
  const { signal } = context;
  requirePaths(paths);
  const session = await context.control('import').beginImport();
  const tally = new Tally(context, options);
  const files = findFiles(paths)[Symbol.iterator]();
  let isAtEnd = false;
  let broken: unknown;
  const worker = async (): Promise<void> => {
    while (broken === undefined && !signal.aborted) {
      const next = files.next();
      isAtEnd ||= next.done === true;
      if (next.done === true) return;
      try {
        tally.take(await importOne(next.value, signal, (part10) => session.store(part10, signal)));
      } catch (error) {
        tally.givenUp += 1;
        broken ??= error;
      }
      await turn();
    }
  };
  await Promise.all(Array.from({ length: filesAtOnce }, worker));
  const isComplete = isAtEnd && broken === undefined;
  if (!isComplete && signal.aborted) broken = interrupted();
  // Told at once, or the record of an interrupted import would wait until the server's patience ends. One that is gone cannot be told.
  if (isComplete || signal.aborted) await session.end(isComplete ? 'done' : 'broken');
  tally.report({ isComplete });
  if (broken !== undefined) throw broken;
  if (tally.counts.failed > 0 || tally.counts.conflict > 0) context.exitWith(exitStatus.answerIsNo);
}

/** What became of the files so far, and how it is shown. */
class Tally {
  readonly counts = { stored: 0, duplicate: 0, conflict: 0, skipped: 0, failed: 0 };
  /** Of which the server had not said how it went when the import ended. */
  givenUp = 0;
  #bytes = 0;
  readonly #results: FileResult[] = [];
  readonly #context: Context;
  readonly #options: ImportOptions;

  constructor(context: Context, options: ImportOptions) {
    this.#context = context;
    this.#options = options;
  }

  take(result: FileResult): void {
    const { output } = this.#context;
    const { json, quiet } = this.#options;
    this.counts[result.result] += 1;
    this.#bytes += result.lengthBytes ?? 0;
    if (json === true) this.#results.push(result);
    else if (quiet !== true || result.result === 'failed' || result.result === 'conflict') {
      const problem = result.problem === undefined ? '' : `: ${escapeForDisplay(result.problem)}`;
      output.line(`${result.result.padEnd(9)} ${escapeForDisplay(result.path)}${problem}`);
    }
    const { stored, duplicate, failed } = this.counts;
    output.progress(`${counted(stored + duplicate, 'file')} in, ${failed} failed, ${formatBytes(this.#bytes)}`);
  }

  report({ isComplete }: { readonly isComplete: boolean }): void {
    const { output, signal } = this.#context;
    const { stored, duplicate, conflict, skipped, failed } = this.counts;
    output.progress(undefined);
    if (this.#options.json === true) {
      output.json({
        ...this.counts,
        bytes: this.#bytes,
        files: this.#results,
        givenUp: this.givenUp,
        interrupted: !isComplete && signal.aborted,
      });
      return;
    }
    output.line(
      `${stored} stored, ${duplicate} already here, ${conflict} in conflict, ${skipped} skipped, ${failed} failed; ` +
        `${formatBytes(this.#bytes)}.`,
    );
    if (!isComplete) {
      output.line(
        `Not complete: ${counted(this.givenUp, 'file')} given up, what comes after was not looked at. ` +
          'The same command again knows what is stored already.',
      );
    }
    if (conflict > 0) output.line('Files in conflict are kept aside: decide with "leadglass conflict list".');
  }
}

/** @throws LeadglassError when the server is gone, or after `signal` */
async function importOne(
  file: FoundFile,
  signal: AbortSignal,
  store: (
    part10: AsyncIterable<Uint8Array>,
  ) => Promise<{ result: 'stored' | 'duplicate' | 'conflict'; sopInstanceUid: string; lengthBytes: number }>,
): Promise<FileResult> {
  const { path } = file;
  if (file.kind === 'missing') return { path, result: 'failed', problem: file.problem };
  if (file.kind === 'other')
    return { path, result: file.named ? 'failed' : 'skipped', problem: 'not a DICOM file (no DICM at byte 128)' };
  try {
    const stream = createReadStream(path, { highWaterMark: 256 * 1024 });
    const { result, sopInstanceUid, lengthBytes } = await store(stream as AsyncIterable<Uint8Array>);
    return { path, result, sopInstanceUid, lengthBytes };
  } catch (thrown) {
    const error = asLeadglassError(thrown);
    // One bad file is that file's result; a server that is gone is everybody's.
    if (signal.aborted || error.code === 'BACKEND_UNAVAILABLE' || error.code === 'LEDGER_UNAVAILABLE') throw error;
    return { path, result: 'failed', problem: error.code === 'INTERNAL' ? unreadable(thrown) : error.message };
  }
}

function unreadable(thrown: unknown): string {
  if (thrown instanceof LeadglassError) return thrown.message;
  return thrown instanceof Error && 'code' in thrown ? `cannot be read (${String(thrown.code)})` : 'failed';
}
