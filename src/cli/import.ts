/** `leadglass import PATH...`: files, folders and DICOMDIR media, through the same guard and store as every other way. */
import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { LeadglassError, asLeadglassError } from '../error.ts';
import { escapeForDisplay } from '../log.ts';
import type { Context } from './context.ts';
import { exitStatus } from './exit-status.ts';
import { withJson } from './options.ts';
import { counted, formatBytes } from './output.ts';
import { findFiles, requirePaths } from './find-files.ts';
import type { FoundFile } from './find-files.ts';

interface FileResult {
  readonly path: string;
  readonly result: 'stored' | 'duplicate' | 'conflict' | 'skipped' | 'failed';
  readonly sopInstanceUid?: string;
  readonly lengthBytes?: number;
  readonly problem?: string;
}

/** Files under way at once: enough to share the store's group commits, few enough to stay fair to the doors. */
const filesAtOnce = 4;

export function register(program: Command, context: Context): void {
  withJson(program.command('import <path...>'))
    .description(
      'Import DICOM files, folders and DICOMDIR media. The running server stores them; nothing is changed in place.',
    )
    .option('--quiet', 'print only problems and the summary')
    .addHelpText(
      'after',
      `
A folder with a DICOMDIR is read as media: what the DICOMDIR lists, and nothing outside the folder. Other folders are
walked; files that are not DICOM are skipped. Exit status 1 when a file failed or is in conflict with a stored one.

Examples:
  leadglass import scan.dcm
  leadglass import /media/cdrom
  leadglass import exports/ --quiet`,
    )
    .action(async (paths: readonly string[], options: { readonly quiet?: boolean; readonly json?: boolean }) => {
      await importPaths(context, paths, options);
    });
}

async function importPaths(
  context: Context,
  paths: readonly string[],
  options: { readonly quiet?: boolean; readonly json?: boolean },
): Promise<void> {
  const { output } = context;
  requirePaths(paths);
  const session = await context.control('import').beginImport();
  const results: FileResult[] = [];
  const counts = { stored: 0, duplicate: 0, conflict: 0, skipped: 0, failed: 0 };
  let bytes = 0;
  const take = (result: FileResult): void => {
    counts[result.result] += 1;
    bytes += result.lengthBytes ?? 0;
    if (options.json === true) results.push(result);
    else if (options.quiet !== true || result.result === 'failed' || result.result === 'conflict') {
      output.line(
        `${result.result.padEnd(9)} ${escapeForDisplay(result.path)}${result.problem === undefined ? '' : `: ${escapeForDisplay(result.problem)}`}`,
      );
    }
    output.progress(
      `${counted(counts.stored + counts.duplicate, 'file')} in, ${counts.failed} failed, ${formatBytes(bytes)}`,
    );
  };
  const files = findFiles(paths)[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = files.next(); next.done !== true; next = files.next()) {
      take(await importOne(next.value, (part10) => session.store(part10)));
    }
  };
  await Promise.all(Array.from({ length: filesAtOnce }, worker));
  await session.end();
  output.progress(undefined);
  if (options.json === true) output.json({ ...counts, bytes, files: results });
  else {
    output.line(
      `${counts.stored} stored, ${counts.duplicate} already here, ${counts.conflict} in conflict, ${counts.skipped} skipped, ` +
        `${counts.failed} failed; ${formatBytes(bytes)}.`,
    );
    if (counts.conflict > 0) output.line('Files in conflict are kept aside: decide with "leadglass conflict list".');
  }
  if (counts.failed > 0 || counts.conflict > 0) context.exitWith(exitStatus.answerIsNo);
}

async function importOne(
  file: FoundFile,
  store: (
    part10: AsyncIterable<Uint8Array>,
  ) => Promise<{ result: 'stored' | 'duplicate' | 'conflict'; sopInstanceUid: string; lengthBytes: number }>,
): Promise<FileResult> {
  const { path } = file;
  if (file.kind === 'missing') return { path, result: 'failed', problem: file.problem };
  if (file.kind === 'other')
    return { path, result: file.named ? 'failed' : 'skipped', problem: 'not a DICOM file (no DICM at byte 128)' };
  try {
    const stream = createReadStream(path, { highWaterMark: 256 * 1024 });
    const { result, sopInstanceUid, lengthBytes } = await store(stream as AsyncIterable<Uint8Array>);
    return { path, result, sopInstanceUid, lengthBytes };
  } catch (thrown) {
    const error = asLeadglassError(thrown);
    // One bad file is that file's result; a server that is gone is everybody's.
    if (error.code === 'BACKEND_UNAVAILABLE' || error.code === 'LEDGER_UNAVAILABLE') throw error;
    return { path, result: 'failed', problem: error.code === 'INTERNAL' ? unreadable(thrown) : error.message };
  }
}

function unreadable(thrown: unknown): string {
  if (thrown instanceof LeadglassError) return thrown.message;
  return thrown instanceof Error && 'code' in thrown ? `cannot be read (${String(thrown.code)})` : 'failed';
}
