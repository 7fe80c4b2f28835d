/** `leadglass send`: C-STORE of files and folders, with as few associations as the files allow. */
import type { Command } from 'commander';
import { asLeadglassError } from '../error.ts';
import { escapeForDisplay } from '../log.ts';
import type { Context } from './context.ts';
import { isStored, isWarning, statusText } from './dicom-client.ts';
import type { DicomClient, DicomTarget } from './dicom-client.ts';
import { exitStatus } from './exit-status.ts';
import { findFiles, requirePaths } from './find-files.ts';
import { withJson } from './options.ts';
import { counted, formatBytes } from './output.ts';
import { contextsFor, groupFiles, outgoingOf, readSendFile } from './send-plan.ts';
import type { SendFile } from './send-plan.ts';
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
      const files = collectFiles(paths, note);
      const before = performance.now();
      for (const group of groupFiles(files))
        await sendGroup(target, group, { context, tally, note, total: files.length });
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
      if (tally.failed > 0) context.exitWith(exitStatus.answerIsNo);
    });
}

function collectFiles(paths: readonly string[], note: (path: string, problem: string) => void): readonly SendFile[] {
  const files: SendFile[] = [];
  for (const found of findFiles(paths)) {
    if (found.kind === 'missing') note(found.path, found.problem);
    else if (found.kind === 'other') {
      if (found.named) note(found.path, 'not a DICOM file (no DICM at byte 128)');
    } else {
      try {
        files.push(readSendFile(found.path));
      } catch (thrown) {
        note(found.path, asLeadglassError(thrown).message);
      }
    }
  }
  return files;
}

async function sendGroup(
  target: DicomTarget,
  group: readonly SendFile[],
  {
    context,
    tally,
    note,
    total,
  }: { context: Context; tally: Tally; note: (path: string, problem: string) => void; total: number },
): Promise<void> {
  const client: DicomClient = await context.connect(target, contextsFor(group));
  try {
    for (const file of group) {
      const outgoing = outgoingOf(file, client.accepted(file.sopClassUid));
      if (typeof outgoing === 'string') {
        note(file.path, outgoing);
        continue;
      }
      const { status, errorComment } = await client.store(outgoing);
      if (isStored(status)) {
        tally.sent += 1;
        tally.bytes += file.lengthBytes;
        if (isWarning(status)) tally.warnings += 1;
      } else note(file.path, `status ${statusText(status)}${errorComment === undefined ? '' : `, ${errorComment}`}`);
      context.output.progress(`${tally.sent} of ${total} sent, ${formatBytes(tally.bytes)}, ${tally.failed} failed`);
    }
    await client.release();
  } catch (error) {
    client.abort();
    throw error;
  }
}
