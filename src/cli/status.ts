/** `leadglass status`: how the running server stands, on one screen. */
import type { Command } from 'commander';
import type { StatusReport } from '../doors/control/control-services.ts';
import type { Context } from './context.ts';
import { counted, factLines, formatBytes, shortInstant } from './output.ts';

export function register(program: Command, context: Context): void {
  program
    .command('status')
    .description('Doors, openings, stored studies, ledger head, last backup, warnings.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  leadglass status\n  leadglass status --json | jq .warnings')
    .action(async (options: { readonly json?: boolean }) => {
      const report = await context.control('status').call('status', {});
      if (options.json === true) context.output.json(report);
      else for (const line of statusLines(report)) context.output.line(line);
    });
}

const origins = { 'own-authority': 'from our own authority', files: 'from files', acme: 'by ACME' } as const;
const namesShownMax = 3;

function fewNames(names: readonly string[]): string {
  const more = names.length - namesShownMax;
  return `${names.slice(0, namesShownMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function statusLines(report: StatusReport): string[] {
  const { openings, archive, ledger } = report;
  const marks = [
    openings.plain > 0 ? `${openings.plain} WITHOUT TLS` : '',
    openings.expiringSoon > 0 ? `${openings.expiringSoon} ending soon` : '',
    openings.neverUsed > 0 ? `${openings.neverUsed} never used` : '',
  ].filter((mark) => mark !== '');
  const lines = [
    `Leadglass ${report.version}, running since ${shortInstant(report.startedAt)}`,
    '',
    ...factLines([
      ['AE title', report.aeTitle],
      ...report.doors.map(
        ({ name, address, port, protocol }) => [`${name} door`, `${address}:${port} (${protocol})`] as const,
      ),
      ...report.certificates.map(
        ({ door, from, names, notAfter }) =>
          [`${door} certificate`, `${fewNames(names)}, ${origins[from]}, until ${shortInstant(notAfter)}`] as const,
      ),
      ['associations', report.associations],
      ['devices', report.devices],
      ['openings', `${openings.open}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}`],
      [
        'archive',
        `${counted(archive.studies, 'study', 'studies')}, ${counted(archive.instances, 'instance')}, ${formatBytes(archive.bytes)}`,
      ],
      ['conflicts', archive.conflicts === 0 ? 'none' : `${archive.conflicts} to decide: leadglass conflict list`],
      [
        'patient mismatches',
        archive.mismatchedStudies === 0
          ? 'none'
          : `in ${counted(archive.mismatchedStudies, 'study', 'studies')}: leadglass study list --mismatched`,
      ],
      ['ledger', `${counted(ledger.records, 'record')}, head ${ledger.head.slice(0, 16) || '-'}`],
      ['last checkpoint', shortInstant(ledger.lastCheckpointAt) || 'none yet'],
      [
        'last backup',
        shortInstant(report.lastBackupAt) ||
          'never (backup is not built yet: copy the data folder while the server is stopped)',
      ],
      ['data', report.dataDirectory],
    ]),
  ];
  if (report.warnings.length > 0) lines.push('', ...report.warnings.map((warning) => `WARNING  ${warning}`));
  if (openings.open === 0) {
    lines.push(
      '',
      'Nothing is open. Enrol a device:',
      '  leadglass device add CT1 --purpose acquisition --reason "CT, room 1" --until 2027-06-30 --out ct1',
    );
  }
  return lines;
}
