/** `leadglass find`: C-FIND on Study Root or Patient Root, PS3.4 C.4.1. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { DataSet } from '../dicom/data-set.ts';
import { SopClasses } from '../dicom/sop-class.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import type { Context } from './context.ts';
import { dicomJsonOf } from './dicom-json.ts';
import { collect, wholeNumber, withJson } from './options.ts';
import { counted, tableLines } from './output.ts';
import { identifierOf, levelOf, nameOf } from './query-keys.ts';
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
      const sopClassUid =
        (options.model ?? (level === 'PATIENT' ? 'patient' : 'study')) === 'study'
          ? SopClasses.StudyRootQueryRetrieveInformationModelFind
          : SopClasses.PatientRootQueryRetrieveInformationModelFind;
      await using client = await context.connect(target, [
        {
          abstractSyntax: sopClassUid,
          transferSyntaxes: [TransferSyntaxes.ExplicitVrLittleEndian, TransferSyntaxes.ImplicitVrLittleEndian],
        },
      ]);
      const matches: DataSet[] = [];
      let more = false;
      for await (const match of client.find(sopClassUid, identifier)) {
        if (matches.length >= options.rows) {
          // Leaving the loop sends C-CANCEL.
          more = true;
          break;
        }
        matches.push(match);
        output.progress(counted(matches.length, 'match', 'matches'));
      }
      output.progress(undefined);
      if (options.json === true) output.json(matches.map(dicomJsonOf));
      else if (matches.length === 0) output.line('No match.');
      else {
        const shown = columns.filter((tag) => matches.some((match) => (match.text(tag) ?? '') !== ''));
        const lines = tableLines(
          matches,
          shown.map((tag) => ({ title: nameOf(tag), value: (match: DataSet) => match.texts(tag).join('\\') })),
        );
        for (const line of lines) output.line(line);
      }
      if (more) output.note(`There are more; narrow the search or raise --rows (was ${options.rows}).`);
    });
}
