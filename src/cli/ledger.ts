/** `leadglass ledger show|verify`: the audit trail. `verify` needs no server and no private key. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { LedgerRecordView } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import { publicKeyFileName } from '../ledger/ledger-files.ts';
import { limits } from '../limits.ts';
import { escapeForDisplay } from '../log.ts';
import type { Context } from './context.ts';
import { exitStatus } from './exit-status.ts';
import { examples, wholeNumber, withJson } from './options.ts';
import { counted, tableLines } from './output.ts';
import { readNamedFile, readOwnFile } from './read-file.ts';

interface ShowOptions {
  readonly since?: string;
  readonly who?: string;
  readonly patient?: string;
  readonly study?: string;
  readonly event?: string;
  readonly rows: number;
  readonly json?: boolean;
}

export function register(program: Command, context: Context): void {
  const { output } = context;
  const ledger = program
    .command('ledger')
    .description('Show and verify the audit trail.')
    .addHelpText(
      'after',
      examples('leadglass ledger show --since 12h', 'leadglass ledger show --study 1.2.3', 'leadglass ledger verify'),
    );
  withJson(ledger.command('show'))
    .description('Records, newest first. Reading the ledger is itself recorded.')
    .option('--since <time>', 'from this time: 2026-11-25, 2026-11-25T10:00Z, or 90m, 12h, 7d ago')
    .option('--who <text>', 'device, user or address')
    .option('--patient <id>', 'Patient ID')
    .option('--study <uid>', 'Study Instance UID')
    .option('--event <code>', 'event code, such as 110113 (security alert) or 110104 (instances transferred)')
    .option('--rows <number>', 'at most so many', wholeNumber, 200)
    .addHelpText(
      'after',
      '\nExamples:\n  leadglass ledger show --since 12h\n  leadglass ledger show --event 110113 --json',
    )
    .action(async (options: ShowOptions) => {
      const found = await context.control('ledger show').call('ledgerShow', {
        ...(options.since === undefined ? {} : { since: instantOf(options.since, Date.now()) }),
        ...(options.who === undefined ? {} : { who: options.who }),
        ...(options.patient === undefined ? {} : { patient: options.patient }),
        ...(options.study === undefined ? {} : { study: options.study }),
        ...(options.event === undefined ? {} : { event: options.event }),
        rows: options.rows,
      });
      if (options.json === true) output.json(found);
      else if (found.records.length === 0) output.line('No record matches.');
      else {
        for (const line of ledgerLines(found.records)) output.line(line);
        if (found.more) output.note(`There are more; narrow the search or raise --rows (was ${options.rows}).`);
      }
    });
  withJson(ledger.command('verify'))
    .description('Say intact, or the first record that is not. Works without a server, on a copy, too.')
    .option('--key <file>', 'public key of the ledger (default: the one beside it; keep a copy elsewhere)')
    .option('--checkpoint <file>', 'a checkpoint that was kept elsewhere: then also cut ends show')
    .option('--ledger <dir>', 'folder of the ledger (default: ledger in the data folder)')
    .addHelpText(
      'after',
      '\nExit status 0: intact. 1: not, and the first bad record is named.\n\nExamples:\n  leadglass ledger verify\n  leadglass ledger verify --key auditor/public-key.pem --checkpoint auditor/checkpoint.jsonl',
    )
    .action(
      async (options: {
        readonly key?: string;
        readonly checkpoint?: string;
        readonly ledger?: string;
        readonly json?: boolean;
      }) => {
        const directory = resolve(options.ledger ?? join(context.dataDirectory, 'ledger'));
        const publicKeyOf = ({ key, ledger: named }: typeof options): string => {
          if (key !== undefined) return readNamedFile(key);
          const beside = join(directory, publicKeyFileName);
          return named === undefined ? readOwnFile(beside) : readNamedFile(beside);
        };
        // Loaded late: the other commands of this file do not need it.
        const { verifyLedger } = await import('../ledger/verify.ts');
        const verdict = await verifyLedger({
          directory,
          publicKey: publicKeyOf(options),
          ...(options.checkpoint === undefined ? {} : { checkpoint: readNamedFile(options.checkpoint) }),
          // A record and its frame in one line.
          limits: { lineBytesMax: 2 * limits.ledgerRecordBytesMax },
        });
        if (options.json === true) output.json(verdict);
        else if (verdict.intact) {
          output.line(`Intact: ${counted(verdict.records, 'record')}, ${counted(verdict.checkpoints, 'checkpoint')}.`);
          output.line(`Head: ${verdict.head.seq} ${verdict.head.hash}`);
          if (options.key === undefined)
            output.line('Checked with the key beside the ledger: a copy kept elsewhere proves more.');
        } else {
          const { seq, file, line } = verdict.firstBad;
          const place = [seq === undefined ? '' : `record ${seq}`, file, line === undefined ? '' : `line ${line}`]
            .filter((part) => part !== '')
            .join(', ');
          output.line(`NOT intact at ${escapeForDisplay(place)}: ${escapeForDisplay(verdict.reason)}`);
        }
        if (!verdict.intact) context.exitWith(exitStatus.answerIsNo);
      },
    );
}

export function ledgerLines(records: readonly LedgerRecordView[]): string[] {
  return tableLines(records, [
    { title: 'SEQ', value: ({ seq }) => seq, right: true },
    { title: 'TIME', value: ({ at }) => at.replace(/\.\d+Z$/, 'Z') },
    { title: 'OUTCOME', value: ({ outcome }) => outcome },
    { title: 'WHO', value: ({ who }) => who },
    { title: 'FROM', value: ({ from }) => from },
    { title: 'EVENT', value: ({ event }) => event },
    { title: 'ABOUT', value: aboutOf },
  ]);
}

function aboutOf({ patientIds, studyInstanceUids, reason }: LedgerRecordView): string {
  const [patient] = patientIds;
  const [study] = studyInstanceUids;
  const more = Math.max(patientIds.length, studyInstanceUids.length) - 1;
  return [
    patient === undefined ? '' : `patient ${patient}`,
    study === undefined ? '' : `study ${study}`,
    more > 0 ? `and ${more} more` : '',
    reason ?? '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** An ISO day or instant (UTC without a zone), or a time span before now; as an ISO instant. */
export function instantOf(text: string, nowMs: number): string {
  const span = /^(\d{1,6})([mhd])$/.exec(text);
  if (span !== null) {
    const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 }[span[2] ?? ''] ?? 0;
    return new Date(nowMs - Number(span[1]) * unitMs).toISOString();
  }
  const form = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(text);
  const iso =
    form === null
      ? text
      : `${text.includes('T') ? text : `${text.replace(/Z$/, '')}T00:00`}${text.includes('T') && form[4] !== undefined ? '' : 'Z'}`;
  const time = form === null ? Number.NaN : Date.parse(iso);
  if (Number.isNaN(time))
    throw new LeadglassError(
      'BAD_REQUEST',
      '--since must be a date (2026-11-25), a time (2026-11-25T10:00Z) or a span (90m, 12h, 7d)',
    );
  return new Date(time).toISOString();
}
