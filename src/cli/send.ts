/** `leadglass send`: C-STORE of files and folders, with as few associations as the files allow. */
import type { Command } from 'commander';
import type { SendInstance, SendOutcome } from '../dimse/send.ts';
import { asLeadglassError } from '../error.ts';
import { escapeForDisplay } from '../log.ts';
import type { Context } from './context.ts';
import { isStored, isWarning, statusText } from './dicom-client.ts';
import type { DicomTarget } from './dicom-client.ts';
import { exitStatus } from './exit-status.ts';
import { findFiles, requirePaths } from './find-files.ts';
import { interrupted, turn } from './interruption.ts';
import { withJson } from './options.ts';
import { counted, formatBytes } from './output.ts';
import { alternativesOf, readSendFile } from './send-file.ts';
import type { SendFile } from './send-file.ts';
import { targetOf, withTarget } from './target.ts';
import type { TargetOptions } from './target.ts';

interface Tally {
  sent: number;
  warnings: number;
  failed: number;
  /** Nor answered: sending them again does no harm. */
  notSent: number;
  bytes: number;
  readonly problems: { readonly path: string; readonly problem: string }[];
}

export function register(program: Command, context: Context): void {
  withJson(withTarget(program.command('send')).argument('<path...>', 'files, folders and DICOMDIR media'))
    .description('C-STORE: send files, folders and DICOMDIR media.')
    .addHelpText(
      'after',
      '\nExamples:\n  leadglass send localhost:2762 --as ct1 images/\n  leadglass send localhost:2762 --as ct1 scan1.dcm scan2.dcm --json',
    )
    .action(async (place: string, paths: readonly string[], options: TargetOptions & { readonly json?: boolean }) => {
      await sendPaths(context, { target: targetOf(place, options), paths, json: options.json === true });
    });
}

async function sendPaths(
  context: Context,
  { target, paths, json }: { readonly target: DicomTarget; readonly paths: readonly string[]; readonly json: boolean },
): Promise<void> {
  const { output, signal } = context;
  requirePaths(paths);
  const tally: Tally = { sent: 0, warnings: 0, failed: 0, notSent: 0, bytes: 0, problems: [] };
  const note = (path: string, problem: string): void => {
    tally.failed += 1;
    tally.problems.push({ path, problem });
    if (!json) output.note(`failed  ${escapeForDisplay(path)}: ${escapeForDisplay(problem)}`);
  };
  const files: SendFile[] = [];
  const before = performance.now();
  let broken: unknown;
  try {
    const take = (file: SendFile): void => {
      files.push(file);
      tally.notSent += 1;
    };
    await collectFiles(paths, { take, note, signal });
    if (files.length > 0) await sendFiles(target, files, { context, tally, note });
  } catch (error) {
    // What was sent until then is told before the error.
    if (tally.sent + tally.failed === 0 && !signal.aborted) throw error;
    broken = signal.aborted ? interrupted() : error;
  }
  const seconds = (performance.now() - before) / 1000;
  output.progress(undefined);
  if (json) {
    output.json({
      ...tally,
      seconds: Math.round(seconds * 1000) / 1000,
      interrupted: broken !== undefined && signal.aborted,
    });
  } else output.line(summaryOf(tally, seconds));
  if (broken !== undefined) throw broken;
  if (tally.failed > 0) context.exitWith(exitStatus.answerIsNo);
}

function summaryOf({ sent, warnings, failed, notSent, bytes }: Tally, seconds: number): string {
  const rate = seconds > 0 ? bytes / seconds : 0;
  return (
    `${counted(sent, 'instance')} sent (${warnings} with a warning), ${failed} failed` +
    `${notSent === 0 ? '' : `, ${notSent} not sent`}; ` +
    `${formatBytes(bytes)} in ${seconds.toFixed(1)} s, ${formatBytes(rate)}/s.`
  );
}

/** Takes what can be sent, and notes what cannot. */
async function collectFiles(
  paths: readonly string[],
  {
    take,
    note,
    signal,
  }: {
    readonly take: (file: SendFile) => void;
    readonly note: (path: string, problem: string) => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  for (const found of findFiles(paths)) {
    await turn();
    signal.throwIfAborted();
    if (found.kind === 'missing') note(found.path, found.problem);
    else if (found.kind === 'other') {
      if (found.named) note(found.path, 'not a DICOM file (no DICM at byte 128)');
    } else {
      try {
        take(await readSendFile(found.path, signal));
      } catch (thrown) {
        note(found.path, asLeadglassError(thrown).message);
      }
    }
  }
}

async function sendFiles(
  target: DicomTarget,
  files: readonly SendFile[],
  { context, tally, note }: { context: Context; tally: Tally; note: (path: string, problem: string) => void },
): Promise<void> {
  const fileOf = new Map<SendInstance, SendFile>(files.map((file) => [file, file]));
  await context.send(target, files, {
    alternatives: alternativesOf,
    onOutcome: (outcome) => {
      const file = fileOf.get(outcome.instance);
      // What an interruption ended has not failed.
      if (file === undefined || (context.signal.aborted && outcome.status === undefined)) return;
      tally.notSent -= 1;
      if (outcome.status !== undefined) file.answered();
      const problem = problemOf(outcome);
      if (problem !== undefined) note(file.path, problem);
      else {
        tally.sent += 1;
        tally.bytes += file.lengthBytes;
        if (outcome.status !== undefined && isWarning(outcome.status)) tally.warnings += 1;
      }
      context.output.progress(
        `${tally.sent} of ${files.length} sent, ${formatBytes(tally.bytes)}, ${tally.failed} failed`,
      );
    },
  });
}

/** Why it is not stored; undefined when it is. */
function problemOf({ status, errorComment, error, refused }: SendOutcome): string | undefined {
  if (refused === 'sop-class') return 'the peer does not accept this SOP class';
  if (refused === 'transfer-syntax')
    return 'the peer does not accept its transfer syntax, and converting it needs a codec';
  if (status === undefined) return error?.message ?? 'it was not answered';
  if (isStored(status)) return undefined;
  return `status ${statusText(status)}${errorComment === undefined ? '' : `, ${errorComment}`}`;
}
