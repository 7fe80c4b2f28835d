/** `leadglass study list|show|export|remove|release`: what is stored, for whoever administers. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { ExportedInstance, RemovalView, StudyShown, StudyView } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import { makeFolder, refuseUnlessEmpty } from './new-folder.ts';
import type { Context } from './context.ts';
import { interrupted } from './interruption.ts';
import { examples, isoDay, wholeNumber, withJson } from './options.ts';
import { counted, factLines, formatBytes, shortInstant, tableLines } from './output.ts';
import { writeWhole } from './whole-file.ts';

export function register(program: Command, context: Context): void {
  const study = program
    .command('study')
    .description('List, show, export, remove and release stored studies.')
    .addHelpText(
      'after',
      examples(
        'leadglass study list --from 2026-11-01 --modality CT',
        'leadglass study show 1.2.3',
        'leadglass study export 1.2.3 --out study1 --reason "second opinion"',
      ),
    );
  registerRead(study, context);
  registerExport(study, context);
  registerChange(study, context);
}

interface ListOptions {
  readonly patient?: string;
  readonly name?: string;
  readonly accession?: string;
  readonly modality?: string;
  readonly from?: string;
  readonly to?: string;
  readonly removed?: boolean;
  readonly mismatched?: boolean;
  readonly rows: number;
  readonly json?: boolean;
}

function registerRead(study: Command, context: Context): void {
  const { output } = context;
  withJson(study.command('list'))
    .description('Stored studies, newest first.')
    .option('--patient <id>', 'Patient ID; * and ? are wildcards')
    .option('--name <name>', 'Patient Name; * and ? are wildcards')
    .option('--accession <number>', 'Accession Number')
    .option('--modality <code>', 'with a series of this modality')
    .option('--from <date>', 'studies from this day', isoDay)
    .option('--to <date>', 'studies up to this day', isoDay)
    .option('--removed', 'only those whose removal was requested')
    .option('--mismatched', 'only those that also arrived under another Patient ID')
    .option('--rows <number>', 'at most so many', wholeNumber, 200)
    .addHelpText(
      'after',
      '\nExamples:\n  leadglass study list --from 2026-11-01 --modality CT\n  leadglass study list --name "doe*" --json',
    )
    .action(async (options: ListOptions) => {
      const found = await context.control('study list').call('studyList', {
        ...(options.patient === undefined ? {} : { patientId: options.patient }),
        ...(options.name === undefined ? {} : { patientName: options.name }),
        ...(options.accession === undefined ? {} : { accessionNumber: options.accession }),
        ...(options.modality === undefined ? {} : { modality: options.modality }),
        ...(options.from === undefined ? {} : { from: options.from }),
        ...(options.to === undefined ? {} : { to: options.to }),
        removed: options.removed === true,
        mismatched: options.mismatched === true,
        rows: options.rows,
      });
      if (options.json === true) output.json(found);
      else if (found.studies.length === 0)
        output.line('No study matches. "leadglass import PATH" or an enrolled device stores some.');
      else {
        const lines = tableLines(found.studies, [
          { title: 'DATE', value: ({ studyDate }) => studyDate },
          { title: 'PATIENT ID', value: ({ patientId }) => patientId },
          { title: 'PATIENT', value: ({ patientName }) => patientName },
          { title: 'MODALITY', value: ({ modalities }) => modalities.join(',') },
          { title: 'SERIES', value: ({ series }) => series, right: true },
          { title: 'INSTANCES', value: ({ instances }) => instances, right: true },
          { title: 'SIZE', value: ({ bytes }) => formatBytes(bytes), right: true },
          {
            title: 'STUDY INSTANCE UID',
            value: ({ studyInstanceUid, state, mismatchedInstances }) =>
              studyInstanceUid +
              (state === 'stored' ? '' : '  removal requested') +
              (mismatchedInstances === 0 ? '' : '  also of another patient'),
          },
        ]);
        for (const line of lines) output.line(line);
        if (found.more) output.note(`There are more; narrow the search or raise --rows (was ${options.rows}).`);
      }
    });
  withJson(study.command('show <uid>'))
    .description('One study with its series.')
    .addHelpText('after', '\nExample:\n  leadglass study show 1.2.3')
    .action(async (studyInstanceUid: string, options: { readonly json?: boolean }) => {
      const shown = await context.control('study show').call('studyShow', { studyInstanceUid });
      if (options.json === true) {
        output.json(shown);
        return;
      }
      for (const line of studyLines(shown.study)) output.line(line);
      for (const line of shownMoreLines(shown)) output.line(line);
      output.line();
      const lines = tableLines(shown.series, [
        { title: 'SERIES', value: ({ seriesNumber }) => seriesNumber, right: true },
        { title: 'MODALITY', value: ({ modality }) => modality },
        { title: 'INSTANCES', value: ({ instances }) => instances, right: true },
        { title: 'DESCRIPTION', value: ({ description }) => description },
        { title: 'SERIES INSTANCE UID', value: ({ seriesInstanceUid }) => seriesInstanceUid },
      ]);
      for (const line of lines) output.line(line);
    });
}

function studyLines(study: StudyView): string[] {
  return factLines([
    ['study', study.studyInstanceUid],
    ['patient ID', study.patientId],
    ['patient', study.patientName],
    ['date', study.studyDate],
    ['accession number', study.accessionNumber],
    ['description', study.description],
    ['modalities', study.modalities.join(', ')],
    ['holds', `${study.series} series, ${counted(study.instances, 'instance')}, ${formatBytes(study.bytes)}`],
    ['last received', shortInstant(study.lastReceivedAt)],
    ['retained until', shortInstant(study.retainedUntil)],
    ['state', study.state === 'stored' ? 'stored' : 'removal requested (hidden from every door)'],
  ]);
}

/** What a person should know of this study beside its own attributes; each part begins with an empty line. */
function shownMoreLines({ study, patientMismatches, releases, removal }: StudyShown): string[] {
  const lines: string[] = [];
  if (removal !== undefined) lines.push('', ...removalLines(removal));
  if (patientMismatches.length > 0) {
    lines.push(
      '',
      `${counted(study.mismatchedInstances, 'instance')} arrived under another patient: find out whose they are.`,
      ...tableLines(patientMismatches, [
        { title: 'PATIENT ID', value: ({ patientId }) => patientId },
        { title: 'ISSUER', value: ({ issuerOfPatientId }) => issuerOfPatientId },
        { title: 'PATIENT', value: ({ patientName }) => patientName },
        { title: 'INSTANCES', value: ({ instances }) => instances, right: true },
      ]),
    );
  }
  if (releases.length > 0) {
    lines.push(
      '',
      ...tableLines(releases, [
        { title: 'RELEASED TO', value: ({ device }) => device },
        { title: 'ON', value: ({ releasedAt }) => shortInstant(releasedAt) },
        { title: 'UNTIL', value: ({ until }) => shortInstant(until) },
        { title: 'STATE', value: ({ state }) => state },
        { title: 'BY', value: ({ by }) => by },
        { title: 'REASON', value: ({ reason }) => reason },
      ]),
    );
  }
  return lines;
}

function removalLines({ requestedAt, by, reason }: RemovalView): string[] {
  return factLines([
    ['removal requested', shortInstant(requestedAt)],
    ['by', by ?? 'the ledger here does not reach back so far'],
    ['reason', reason ?? '-'],
  ]);
}

function registerExport(study: Command, context: Context): void {
  withJson(study.command('export <uid>'))
    .description('Write a study as DICOM files into a new folder; each digest is checked on the way.')
    .requiredOption('--out <dir>', 'a folder that is empty or not there yet')
    .option('--reason <text>', 'why, for the ledger', 'not given')
    .addHelpText('after', '\nExample:\n  leadglass study export 1.2.3 --out study1 --reason "second opinion"')
    .action(async (studyInstanceUid: string, options: ExportOptions) => {
      await exportStudy(context, studyInstanceUid, options);
    });
}

interface ExportOptions {
  readonly out: string;
  readonly reason: string;
  readonly json?: boolean;
}

async function exportStudy(context: Context, studyInstanceUid: string, options: ExportOptions): Promise<void> {
  const { output, signal } = context;
  const folder = resolve(options.out);
  refuseUnlessEmpty(folder);
  const session = await context.control('study export').beginExport({ studyInstanceUid, reason: options.reason });
  makeFolder(folder);
  const placeOf = exportPlaces(folder);
  const files: { path: string; sopInstanceUid: string }[] = [];
  let bytes = 0;
  let broken: unknown;
  try {
    for (const [index, instance] of session.instances.entries()) {
      signal.throwIfAborted();
      const path = placeOf(instance, index);
      bytes += await writeWhole(path, session.read(index, signal));
      files.push({ path, sopInstanceUid: instance.sopInstanceUid });
      output.progress(`${index + 1} of ${session.instances.length} instances, ${formatBytes(bytes)}`);
    }
  } catch (error) {
    broken = signal.aborted ? interrupted() : error;
  }
  // Told at once, or the record of what was handed out would wait until the server's patience ends.
  const ending = session.end(broken === undefined ? 'done' : 'broken');
  // A server that is gone cannot be told; why it broke is what counts then.
  await (broken === undefined ? ending : ending.catch(() => undefined));
  output.progress(undefined);
  const notWritten = session.instances.length - files.length;
  if (options.json === true) {
    output.json({
      studyInstanceUid,
      folder,
      bytes,
      files,
      notWritten,
      interrupted: broken !== undefined && signal.aborted,
    });
  } else {
    const rest = notWritten === 0 ? '' : `; ${notWritten} not written`;
    output.line(`${counted(files.length, 'instance')}, ${formatBytes(bytes)}, in ${folder}${rest}.`);
  }
  if (broken !== undefined) throw broken;
}

/** Names are our own numbers: nothing in an image decides where it is written. */
function exportPlaces(folder: string): (instance: ExportedInstance, index: number) => string {
  const seriesNumbers = new Map<string, number>();
  return ({ seriesInstanceUid, modality }, index) => {
    const series = seriesNumbers.get(seriesInstanceUid) ?? seriesNumbers.size + 1;
    seriesNumbers.set(seriesInstanceUid, series);
    const kind = /^[A-Z0-9]{1,16}$/.test(modality) ? `-${modality.toLowerCase()}` : '';
    const place = join(folder, `series-${String(series).padStart(3, '0')}${kind}`);
    makeFolder(place);
    return join(place, `image-${String(index + 1).padStart(5, '0')}.dcm`);
  };
}

function registerChange(study: Command, context: Context): void {
  const { output } = context;
  withJson(study.command('remove <uid>'))
    .description('Remove a study in two steps, after its retention has ended.')
    .option('--reason <text>', 'why')
    .option('--undo', 'take the request back')
    .option('--finish', 'the second step: destroy its data key; cannot be undone')
    .addHelpText(
      'after',
      '\nThe first step hides the study from every door; --undo brings it back, --finish destroys it.\n\nExamples:\n  leadglass study remove 1.2.3 --reason "retention ended, letter 77"\n  leadglass study remove 1.2.3 --undo --reason "still needed"\n  leadglass study remove 1.2.3 --finish --reason "retention ended, letter 77"',
    )
    .action(
      async (
        studyInstanceUid: string,
        options: {
          readonly reason?: string;
          readonly undo?: boolean;
          readonly finish?: boolean;
          readonly json?: boolean;
        },
      ) => {
        if (options.undo === true && options.finish === true)
          throw new LeadglassError('BAD_REQUEST', '--undo and --finish exclude each other');
        if (options.reason === undefined)
          throw new LeadglassError('BAD_REQUEST', 'study remove needs --reason TEXT, for the ledger');
        const step = options.undo === true ? 'undo' : options.finish === true ? 'finish' : 'request';
        const removed = await context
          .control('study remove')
          .call('studyRemove', { studyInstanceUid, step, reason: options.reason });
        if (options.json === true) output.json(removed);
        else {
          const count = counted(removed.instances, 'instance');
          output.line(
            {
              request: `Hidden: ${count}. "leadglass study remove ${studyInstanceUid} --finish" destroys them, --undo brings them back.`,
              undo: `Back again: ${count}.`,
              finish: `Destroyed: the key of ${count}. Their space comes back with the next compaction.`,
            }[step],
          );
        }
      },
    );
  withJson(study.command('release <uid>'))
    .description('Let an exchange device get a study.')
    .requiredOption('--to <aet>', 'the device; its purpose must be exchange')
    .requiredOption('--until <date>', 'last day', isoDay)
    .requiredOption('--reason <text>', 'why')
    .addHelpText(
      'after',
      '\nExample:\n  leadglass study release 1.2.3 --to CLINIC2 --until 2026-12-31 --reason "referral"',
    )
    .action(
      async (
        studyInstanceUid: string,
        options: { readonly to: string; readonly until: string; readonly reason: string; readonly json?: boolean },
      ) => {
        const released = await context
          .control('study release')
          .call('studyRelease', { studyInstanceUid, device: options.to, until: options.until, reason: options.reason });
        if (options.json === true) output.json(released);
        else output.line(`${released.device} may get ${released.studyInstanceUid} until ${released.until}.`);
      },
    );
}
