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
  bytes: number;
  readonly problems: { readonly path: string; readonly problem: string }[];
}

export function register(program: Command, context: Context): void {
  const { output } = context;
  withJson(withTarget(program.command('send')).argument('<path...>', 'files, folders and DICOMDIR media'))
    .description('C-STORE: send files, folders and DICOMDIR media.')
    .addHelpText(
      'after',
      '\nExamples:\n  leadglass send localhost:2762 --as ct1 images/\n  leadglass send localhost:2762 --as ct1 scan1.dcm scan2.dcm --json',
    )
    .action(async (place: string, paths: readonly string[], options: TargetOptions & { readonly json?: boolean }) => {
      const target = targetOf(place, options);
      requirePaths(paths);
      const tally: Tally = { sent: 0, warnings: 0, failed: 0, bytes: 0, problems: [] };
      const note = (path: string, problem: string): void => {
        tally.failed += 1;
        tally.problems.push({ path, problem });
        if (options.json !== true) output.note(`failed  ${escapeForDisplay(path)}: ${escapeForDisplay(problem)}`);
      };
      const files = await collectFiles(paths, note);
      const before = performance.now();
      let broken: unknown;
      try {
        if (files.length > 0) await sendFiles(target, files, { context, tally, note });
      } catch (error) {
        // What was sent until then is told before the error.
        if (tally.sent + tally.failed === 0) throw error;
        broken = error;
      }
      const seconds = (performance.now() - before) / 1000;
      output.progress(undefined);
      const rate = seconds > 0 ? tally.bytes / seconds : 0;
      if (options.json === true) output.json({ ...tally, seconds: Math.round(seconds * 1000) / 1000 });
      else {
        output.line(
          `${counted(tally.sent, 'instance')} sent (${tally.warnings} with a warning), ${tally.failed} failed; ${formatBytes(tally.bytes)} in ` +
            `${seconds.toFixed(1)} s, ${formatBytes(rate)}/s.`,
        );
      }
      if (broken !== undefined) throw broken;
      if (tally.failed > 0) context.exitWith(exitStatus.answerIsNo);
    });
}

async function collectFiles(
  paths: readonly string[],
  note: (path: string, problem: string) => void,
): Promise<readonly SendFile[]> {
  const files: SendFile[] = [];
  for (const found of findFiles(paths)) {
    if (found.kind === 'missing') note(found.path, found.problem);
    else if (found.kind === 'other') {
      if (found.named) note(found.path, 'not a DICOM file (no DICM at byte 128)');
    } else {
      try {
        files.push(await readSendFile(found.path));
      } catch (thrown) {
        note(found.path, asLeadglassError(thrown).message);
      }
    }
  }
  return files;
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
      if (file === undefined) return;
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
