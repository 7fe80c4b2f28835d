/** `leadglass opening list|show|close|export|apply`: what is open, and closing it. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { parseDocument, stringify } from 'yaml';
import type { CallInput } from '../doors/control/control-calls.ts';
import type { OpeningView } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import { escapeForDisplay } from '../log.ts';
import { clientTable } from './client.ts';
import type { Context } from './context.ts';
import { exitStatus } from './exit-status.ts';
import { openingLines } from './opening-text.ts';
import { examples, withJson } from './options.ts';
import { counted, shortInstant, tableLines } from './output.ts';
import { readNamedFile } from './read-file.ts';

export function register(program: Command, context: Context): void {
  const opening = program
    .command('opening')
    .description('What is open to whom, until when; and closing it.')
    .addHelpText(
      'after',
      examples(
        'leadglass opening list',
        'leadglass opening close CT1 --reason "room rebuilt"',
        'leadglass opening export > openings.yaml',
      ),
    );
  registerRead(opening, context);
  registerClose(opening, context);
  registerApply(opening, context);
}

/** What stands out about an opening, in a word or two. */
function markOf(opening: OpeningView): string {
  const marks = [
    opening.state === 'open' ? '' : opening.state,
    opening.plain === undefined ? '' : 'NO TLS',
    opening.state === 'open' && opening.useCount === 0 ? 'never used' : '',
    opening.state === 'open' && Date.parse(opening.until) - Date.now() < 30 * 86_400_000 ? 'ends soon' : '',
  ];
  return marks.filter((mark) => mark !== '').join(', ');
}

function registerRead(opening: Command, context: Context): void {
  const { output } = context;
  withJson(opening.command('list'))
    .description('Openings with last use and use count; those that end soon or were never used are marked.')
    .option('--all', 'closed and ended ones, too')
    .addHelpText('after', '\nExample:\n  leadglass opening list')
    .action(async (options: { readonly all?: boolean; readonly json?: boolean }) => {
      const openings = await context.control('opening list').call('openingList', { all: options.all === true });
      if (options.json === true) output.json({ openings, more: false });
      else if (openings.length === 0) {
        output.line('Nothing is open. "leadglass device add" enrols a device and makes its opening.');
      } else {
        const lines = tableLines(openings, [
          { title: 'OPENING', value: ({ name }) => name },
          { title: 'DEVICE', value: ({ device }) => device },
          { title: 'PURPOSE', value: ({ purpose }) => purpose },
          { title: 'OPERATIONS', value: ({ operations }) => operations.join(',') },
          { title: 'UNTIL', value: ({ until }) => until },
          { title: 'LAST USED', value: ({ lastUsedAt }) => shortInstant(lastUsedAt) || 'never' },
          { title: 'USES', value: ({ useCount }) => useCount, right: true },
          { title: 'MARK', value: markOf },
        ]);
        for (const line of lines) output.line(line);
        for (const { name, warnings } of openings)
          for (const warning of warnings) output.line(`WARNING  ${escapeForDisplay(`${name}: ${warning}`)}`);
      }
      if (options.json === true) return;
      // They open nothing by themselves, but who looks for what is open looks for them too.
      const clients = await context.control('client list').call('clientList', { all: options.all === true });
      if (clients.length > 0) for (const line of ['', ...clientTable(clients)]) output.line(line);
    });
  withJson(opening.command('show <name>'))
    .description('One opening in full.')
    .addHelpText('after', '\nExample:\n  leadglass opening show CT1')
    .action(async (name: string, options: { readonly json?: boolean }) => {
      const shown = await context.control('opening show').call('openingShow', { name });
      if (options.json === true) output.json({ opening: shown });
      else for (const line of openingLines(shown)) output.line(line);
    });
}

function registerClose(opening: Command, context: Context): void {
  const { output } = context;
  withJson(opening.command('close <name>'))
    .description('Close an opening at once, also for running associations.')
    .requiredOption('--reason <text>', 'why')
    .addHelpText('after', '\nExample:\n  leadglass opening close CT1 --reason "room rebuilt"')
    .action(async (name: string, options: { readonly reason: string; readonly json?: boolean }) => {
      const closed = await context.control('opening close').call('openingClose', { name, reason: options.reason });
      if (options.json === true) output.json(closed);
      else
        output.line(
          `${escapeForDisplay(closed.name)} is closed; ${counted(closed.associationsEnded, 'running association')} ended.`,
        );
    });
}

function registerApply(opening: Command, context: Context): void {
  const { output } = context;
  withJson(opening.command('export'))
    .description('Every open opening as YAML on standard output, for review or version control. Holds no secrets.')
    .addHelpText(
      'after',
      examples('leadglass opening export > openings.yaml', 'leadglass opening export --json | jq .openings'),
    )
    .action(async (options: { readonly json?: boolean }) => {
      const exported = await context.control('opening export').call('openingExport', {});
      if (options.json === true) output.json(exported);
      else output.line(stringify(exported, { lineWidth: 110 }).trimEnd());
    });
  withJson(opening.command('apply <file>'))
    .description(
      'Make the openings as the file says: shows the difference and asks. Openings that the file does not name are closed.',
    )
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExamples:\n  leadglass opening apply openings.yaml\n  leadglass opening apply openings.yaml --yes',
    )
    .action(async (file: string, options: { readonly yes?: boolean; readonly json?: boolean }) => {
      const { openings } = readOpenings(file);
      const control = context.control('opening apply');
      const plan = await control.call('openingApply', { openings });
      if (options.json !== true) {
        if (plan.changes.length === 0) output.line('Nothing to change.');
        for (const { kind, name, lines } of plan.changes) {
          output.line(`${{ open: '+', change: '~', close: '-' }[kind]} ${escapeForDisplay(name)}`);
          for (const line of lines) output.line(`    ${escapeForDisplay(line)}`);
        }
      }
      if (
        plan.changes.length > 0 &&
        options.yes !== true &&
        !(await confirmed(`Apply ${counted(plan.changes.length, 'change')}?`))
      ) {
        output.note('Nothing was changed.');
        context.exitWith(exitStatus.answerIsNo);
        return;
      }
      const applied =
        plan.changes.length === 0 ? plan : await control.call('openingApply', { openings, planned: plan.digest });
      if (options.json === true) output.json(applied);
      else if (applied.applied) output.line(`${counted(applied.changes.length, 'change')} applied.`);
    });
}

/** The server checks every field; here only the frame is looked at. */
function readOpenings(file: string): CallInput<'openingApply'> {
  const document = parseDocument(readNamedFile(file), { merge: false, uniqueKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw new LeadglassError('BAD_REQUEST', `Cannot use ${file}: ${problem.message}`);
  const read: unknown = document.toJS({ maxAliasCount: 0 });
  if (typeof read !== 'object' || read === null || !('openings' in read) || !Array.isArray(read.openings)) {
    throw new LeadglassError(
      'BAD_REQUEST',
      `Cannot use ${file}: it must hold "openings:" with a list, as "leadglass opening export" writes it`,
    );
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the door parses it field by field
  return { openings: read.openings as CallInput<'openingApply'>['openings'] };
}

/** Asks on a terminal; in a script the answer is no, unless --yes said otherwise. */
export async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
