/** `leadglass find`: C-FIND on Study Root or Patient Root, PS3.4 C.4.1. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { DataSet } from '../dicom/data-set.ts';
import { SopClasses } from '../dicom/sop-class.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import type { Context } from './context.ts';
import type { DicomTarget } from './dicom-client.ts';
import { dicomJsonOf } from './dicom-json.ts';
import { interrupted } from './interruption.ts';
import { collect, wholeNumber, withJson } from './options.ts';
import { counted, tableLines } from './output.ts';
import { identifierOf, levelOf, nameOf, requireUpperKeys } from './query-keys.ts';
import { targetOf, withTarget } from './target.ts';
import type { TargetOptions } from './target.ts';

interface FindOptions extends TargetOptions {
  readonly key: readonly string[];
  readonly level?: string;
  readonly model?: 'study' | 'patient';
  readonly rows: number;
  readonly json?: boolean;
}

export function register(program: Command, context: Context): void {
  const { output } = context;
  withJson(withTarget(program.command('find')))
    .description('C-FIND: which patients, studies, series or images match.')
    .option(
      '-k, --key <key=value>',
      'match or ask for an attribute: PatientID=123, StudyDate=20261101-, PatientName; repeatable',
      collect,
      [],
    )
    .option('--level <level>', 'PATIENT, STUDY, SERIES or IMAGE (default STUDY)')
    .addOption(
      new Option('--model <model>', 'information model (default: study, for level PATIENT patient)').choices([
        'study',
        'patient',
      ]),
    )
    .option('--rows <number>', 'stop after so many matches', wholeNumber, 1000)
    .addHelpText(
      'after',
      `
Examples:
  leadglass find localhost:2762 --as read1 -k PatientName="doe*" -k StudyDate=20261101-
  leadglass find localhost:2762 --as read1 --level SERIES -k StudyInstanceUID=1.2.3 --json
  leadglass find localhost:2762 --as read1 -k RequestAttributesSequence.ScheduledProcedureStepID --level SERIES -k StudyInstanceUID=1.2.3`,
    )
    .action(async (place: string, options: FindOptions) => {
      const target = targetOf(place, options);
      const { identifier, level, columns } = identifierOf(options.key, {
        level: options.level === undefined ? undefined : levelOf(options.level),
        withUsualKeys: true,
      });
      // Study Root has no patient level, PS3.4 C.6.2.1.
      const model = options.model ?? (level === 'PATIENT' ? 'patient' : 'study');
      requireUpperKeys(identifier, { model, level });
      const sopClassUid =
        model === 'study'
          ? SopClasses.StudyRootQueryRetrieveInformationModelFind
          : SopClasses.PatientRootQueryRetrieveInformationModelFind;
      const matches: DataSet[] = [];
      const ended = await findAll(context, matches, { target, sopClassUid, identifier, rows: options.rows });
      output.progress(undefined);
      if (options.json === true) output.json(matches.map(dicomJsonOf));
      else if (matches.length === 0) {
        if (ended !== 'interrupted') output.line('No match.');
      } else {
        const shown = columns.filter((tag) => matches.some((match) => (match.text(tag) ?? '') !== ''));
        const lines = tableLines(
          matches,
          shown.map((tag) => ({ title: nameOf(tag), value: (match: DataSet) => match.texts(tag).join('\\') })),
        );
        for (const line of lines) output.line(line);
      }
      if (ended === 'more') output.note(`There are more; narrow the search or raise --rows (was ${options.rows}).`);
      if (ended === 'interrupted') {
        output.note(`${counted(matches.length, 'match', 'matches')} until then; there may be more.`);
        throw interrupted();
      }
    });
}

/** Adds the answers to `matches`, as far as it comes. */
async function findAll(
  { connect, output, signal }: Context,
  matches: DataSet[],
  {
    target,
    sopClassUid,
    identifier,
    rows,
  }: {
    readonly target: DicomTarget;
    readonly sopClassUid: Uid;
    readonly identifier: DataSet;
    readonly rows: number;
  },
): Promise<'all' | 'more' | 'interrupted'> {
  try {
    await using client = await connect(target, [
      {
        abstractSyntax: sopClassUid,
        transferSyntaxes: [TransferSyntaxes.ExplicitVrLittleEndian, TransferSyntaxes.ImplicitVrLittleEndian],
      },
    ]);
    for await (const match of client.find(sopClassUid, identifier)) {
      // Leaving the loop sends C-CANCEL.
      if (matches.length >= rows) return 'more';
      matches.push(match);
      output.progress(counted(matches.length, 'match', 'matches'));
    }
    return 'all';
  } catch (error) {
    if (signal.aborted) return 'interrupted';
    throw error;
  }
}
