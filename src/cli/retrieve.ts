/** What `get` and `move` share: which instances, and how the answer reads. */
import type { Command } from 'commander';
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/dictionary.ts';
import { LeadglassError } from '../error.ts';
import { escapeForDisplay } from '../log.ts';
import type { Context } from './context.ts';
import { statusText } from './dicom-client.ts';
import type { RetrieveResult } from './dicom-client.ts';
import { exitStatus } from './exit-status.ts';
import { collect } from './options.ts';
import { identifierOf, levelOf } from './query-keys.ts';

export interface RetrieveOptions {
  readonly key: readonly string[];
  readonly level?: string;
  readonly patient?: string;
  readonly study?: string;
  readonly series?: string;
  readonly image?: string;
}

export function withRetrieveKeys(command: Command): Command {
  return command
    .option('--patient <id>', 'Patient ID (Patient Root)')
    .option('--study <uid>', 'Study Instance UID; several with \\ between them')
    .option('--series <uid>', 'Series Instance UID')
    .option('--image <uid>', 'SOP Instance UID')
    .option('-k, --key <key=value>', 'a unique key: StudyInstanceUID=1.2.3; repeatable', collect, [])
    .option('--level <level>', 'PATIENT, STUDY, SERIES or IMAGE (default: the lowest key given)');
}

/** The identifier of C-GET and C-MOVE: unique keys only, PS3.4 C.4.2.1.4. */
export function retrieveIdentifier(options: RetrieveOptions): {
  readonly identifier: DataSet;
  readonly model: 'study' | 'patient';
} {
  const keys = [
    ...options.key,
    ...(options.patient === undefined ? [] : [`PatientID=${options.patient}`]),
    ...(options.study === undefined ? [] : [`StudyInstanceUID=${options.study}`]),
    ...(options.series === undefined ? [] : [`SeriesInstanceUID=${options.series}`]),
    ...(options.image === undefined ? [] : [`SOPInstanceUID=${options.image}`]),
  ];
  const { identifier: given } = identifierOf(keys, { level: undefined, withUsualKeys: false });
  const has = (tag: number): boolean => (given.text(tag) ?? '') !== '';
  const lowest = has(Tags.SOPInstanceUID)
    ? 'IMAGE'
    : has(Tags.SeriesInstanceUID)
      ? 'SERIES'
      : has(Tags.StudyInstanceUID)
        ? 'STUDY'
        : 'PATIENT';
  if (lowest === 'PATIENT' && !has(Tags.PatientID)) {
    throw new LeadglassError(
      'BAD_REQUEST',
      'Say what to retrieve: --study UID, with --series or --image; or --patient ID',
    );
  }
  const named = keys.some((key) => key.startsWith('QueryRetrieveLevel'))
    ? given.text(Tags.QueryRetrieveLevel)
    : undefined;
  const level = levelOf(options.level ?? named ?? lowest);
  const { identifier } = identifierOf(
    keys.filter((key) => !key.startsWith('QueryRetrieveLevel')),
    { level, withUsualKeys: false },
  );
  return { identifier, model: has(Tags.PatientID) ? 'patient' : 'study' };
}

/** Prints the end of a retrieve that did not go through, and sets the exit status. */
export function reportRetrieve(context: Context, result: RetrieveResult): void {
  const comment = result.errorComment === undefined ? '' : `: ${escapeForDisplay(result.errorComment)}`;
  if (result.status !== 0 || result.failed > 0) {
    context.output.note(
      `Status ${statusText(result.status)}${comment}; ${result.completed} completed, ${result.failed} failed, ${result.warning} with warning.`,
    );
    context.exitWith(exitStatus.answerIsNo);
  }
}
