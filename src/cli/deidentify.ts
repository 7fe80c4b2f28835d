/** `leadglass deidentify`: copies of files without what tells whose they are, PS3.15 annex E. Works without a server. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type Command, Option } from 'commander';
import {
  deIdentifiedBytes,
  type DeIdentifyFacts,
  NotCleanError,
  planDeIdentified,
} from '../dicom/de-identify/de-identify.ts';
import {
  type DeIdentifyProfile,
  deIdentifyOptions,
  deIdentifyProfiles,
  parseDeIdentifyOptions,
} from '../dicom/de-identify/options.ts';
import { Pseudonyms } from '../dicom/de-identify/pseudonyms.ts';
import { writePart10Head } from '../dicom/part10.ts';
import { asLeadglassError, LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { escapeForDisplay } from '../log.ts';
import type { Context } from './context.ts';
import { exitStatus } from './exit-status.ts';
import { findFiles, type FoundFile, requirePaths } from './find-files.ts';
import { interrupted, turn } from './interruption.ts';
import { makeFolder } from './new-folder.ts';
import { collect, examples, withJson } from './options.ts';
import { counted } from './output.ts';
import { whyUnreadable } from './read-file.ts';
import { storedFile } from './stored-file.ts';
import { writeWhole } from './whole-file.ts';

interface DeidentifyOptions {
  readonly out: string;
  readonly profile: DeIdentifyProfile;
  readonly option?: readonly string[];
  readonly key?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

interface FileResult {
  readonly path: string;
  readonly result: 'written' | 'refused' | 'skipped' | 'failed';
  readonly written?: string;
  readonly problem?: string;
}

const keyBytes = 32;

export function register(program: Command, context: Context): void {
  withJson(program.command('deidentify <in...>'))
    .description('Write copies of DICOM files and folders without what tells whose they are (PS3.15 annex E).')
    .requiredOption('--out <dir>', 'where the copies go: <study>/<series>/<instance>.dcm by their new UIDs')
    .addOption(
      new Option('--profile <name>', 'the confidentiality profile').choices(deIdentifyProfiles).makeOptionMandatory(),
    )
    .option('--option <name>', `an option of the profile, repeatable: ${deIdentifyOptions.join(', ')}`, collect)
    .option('--key <file>', 'the key of the pseudonyms; made when it is not there. Without it each run has its own')
    .option('--quiet', 'print only what was not written, and the summary')
    .addHelpText(
      'after',
      `
The originals stay as they are. Pixels are not changed: files with text burned into them, documents, and kinds of images that
often hold such text (ultrasound, secondary captures, photographs) without saying that they have none are refused, and exit
status 1 tells that some were. With the same --key the same patient, study and instance get the same names in every run; keep it
as you keep the originals: it leads from an original to its copy.
${examples(
  'leadglass deidentify scan.dcm --out copies --profile basic',
  'leadglass deidentify study/ --out copies --profile basic --option retain-modified-dates --key project.key',
  'leadglass deidentify study/ --out copies --profile basic --option retain-patient-characteristics --json',
)}`,
    )
    .action(async (paths: readonly string[], options: DeidentifyOptions) => {
      await deidentify(context, paths, options);
    });
}

async function deidentify(context: Context, paths: readonly string[], options: DeidentifyOptions): Promise<void> {
  const { output, signal } = context;
  const facts: DeIdentifyFacts = {
    options: parseDeIdentifyOptions(options.option ?? []),
    pseudonyms: new Pseudonyms(keyOf(options.key)),
    strict: false,
    limits: { ...limits.dataSet, ...limits.dataSetKept, ...limits.deIdentify },
  };
  requirePaths(paths);
  makeFolder(options.out);
  refuseOutWithin(options.out, paths);
  const results: FileResult[] = [];
  const counts = { written: 0, refused: 0, skipped: 0, failed: 0 };
  for (const file of findFiles(paths)) {
    if (signal.aborted) break;
    const result = await one(file, { facts, out: options.out, signal });
    if (signal.aborted) break;
    counts[result.result] += 1;
    if (options.json === true) results.push(result);
    else if (options.quiet !== true || result.result === 'refused' || result.result === 'failed') {
      output.line(lineOf(result));
    }
    output.progress(`${counted(counts.written, 'file')} written, ${counts.refused} refused, ${counts.failed} failed`);
    await turn();
  }
  output.progress(undefined);
  if (options.json === true) output.json({ ...counts, files: results, interrupted: signal.aborted });
  else {
    const { written, refused, skipped, failed } = counts;
    output.line(`${written} written, ${refused} refused, ${skipped} skipped, ${failed} failed.`);
  }
  if (signal.aborted) throw interrupted();
  if (counts.refused > 0 || counts.failed > 0) context.exitWith(exitStatus.answerIsNo);
}

/** Copies would be taken for originals. @throws LeadglassError BAD_REQUEST */
function refuseOutWithin(out: string, paths: readonly string[]): void {
  const real = realpathSync(out) + sep;
  const around = paths.find((path) => statSync(path).isDirectory() && real.startsWith(realpathSync(path) + sep));
  if (around === undefined) return;
  throw new LeadglassError('BAD_REQUEST', `${out} lies in ${around}, which is read; name another folder with --out`);
}

function lineOf({ result, path, problem }: FileResult): string {
  const why = problem === undefined ? '' : `: ${escapeForDisplay(problem)}`;
  return `${result.padEnd(7)} ${escapeForDisplay(path)}${why}`;
}

async function one(
  file: FoundFile,
  { facts, out, signal }: { readonly facts: DeIdentifyFacts; readonly out: string; readonly signal: AbortSignal },
): Promise<FileResult> {
  const { path } = file;
  if (file.kind === 'missing') return { path, result: 'failed', problem: file.problem };
  if (file.kind === 'other') {
    return { path, result: file.named ? 'failed' : 'skipped', problem: 'not a DICOM file (no DICM at byte 128)' };
  }
  try {
    using stored = storedFile(path, signal);
    const plan = await planDeIdentified(stored, facts);
    const folder = join(out, plan.studyInstanceUid, plan.seriesInstanceUid);
    const written = join(folder, `${plan.sopInstanceUid}.dcm`);
    if (existsSync(written)) {
      return { path, result: 'failed', problem: `${written} is there already, and nothing is overwritten` };
    }
    makeFolder(folder);
    const bytes = deIdentifiedBytes(stored, plan, facts.limits);
    await writeWhole(written, withHead(writePart10Head(plan), bytes.readRange(0, bytes.lengthBytes)));
    return { path, result: 'written', written };
  } catch (thrown) {
    if (thrown instanceof NotCleanError) return { path, result: 'refused', problem: thrown.message };
    return { path, result: 'failed', problem: asLeadglassError(thrown).message };
  }
}

/** The file head is ours: preamble, private information and the name of the sender are not copied. */
async function* withHead(head: Uint8Array, dataSet: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* dataSet;
}

/** @throws LeadglassError BAD_REQUEST when the file holds no key, or others may read it */
function keyOf(path: string | undefined): Uint8Array {
  if (path === undefined) return randomBytes(keyBytes);
  if (!existsSync(path)) {
    const key = randomBytes(keyBytes);
    writeFileSync(path, `${key.toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
    return key;
  }
  let text: string;
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new LeadglassError('BAD_REQUEST', `Others may read the key in ${path}; type this first: chmod 600 ${path}`);
    }
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    if (cause instanceof LeadglassError) throw cause;
    throw new LeadglassError('BAD_REQUEST', `Cannot read the key in ${path}: ${whyUnreadable(cause)}`, { cause });
  }
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new LeadglassError(
      'BAD_REQUEST',
      `There is no key in ${path}: expected 64 hex digits, as this command makes them`,
    );
  }
  return Buffer.from(text, 'hex');
}
