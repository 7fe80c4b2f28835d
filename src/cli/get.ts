/** `leadglass get`: C-GET, PS3.4 C.4.3. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { DataSet } from '../dicom/data-set.ts';
import { SopClasses, isEvidenceSopClass, storageSopClasses } from '../dicom/sop-class.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid } from '../dicom/uid.ts';
import { asLeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import type { Context } from './context.ts';
import type { DicomTarget, WantedContext } from './dicom-client.ts';
import { exitStatus } from './exit-status.ts';
import { canList, findContexts, listInstances } from './get-plan.ts';
import type { Listing, Model } from './get-plan.ts';
import { getInRounds } from './get-rounds.ts';
import type { RoundsFacts, RoundsOutcome } from './get-rounds.ts';
import { interrupted } from './interruption.ts';
import { wholeNumber, withJson } from './options.ts';
import { counted, formatBytes } from './output.ts';
import { ReceivedFiles } from './received-files.ts';
import { reportRetrieve, retrieveIdentifier, withRetrieveKeys } from './retrieve.ts';
import type { RetrieveOptions } from './retrieve.ts';
import { targetOf, withTarget } from './target.ts';
import type { TargetOptions } from './target.ts';

const contextsMax = 128;
const uncompressed = [TransferSyntaxes.ExplicitVrLittleEndian, TransferSyntaxes.ImplicitVrLittleEndian];
const compressedSyntaxes = [
  TransferSyntaxes.JPEGLosslessSV1,
  TransferSyntaxes.JPEGBaseline8Bit,
  TransferSyntaxes.JPEG2000Lossless,
  TransferSyntaxes.JPEGLSLossless,
];

interface GetOptions extends TargetOptions, RetrieveOptions {
  readonly out: string;
  readonly maxInstances: number;
  readonly maxBytes: number;
  readonly json?: boolean;
}

export function register(program: Command, context: Context): void {
  withJson(withRetrieveKeys(withTarget(program.command('get'))))
    .description('C-GET: fetch instances into a new folder, as they are stored.')
    .requiredOption('--out <dir>', 'a folder that is empty or not there yet')
    .option('--max-instances <number>', 'refuse more', wholeNumber, limits.getInstancesMax)
    .option('--max-bytes <number>', 'refuse more', Number, limits.getBytesMax)
    .addHelpText(
      'after',
      '\nExamples:\n  leadglass get localhost:2762 --as read1 --study 1.2.3 --out study1\n  leadglass get localhost:2762 --as read1 --study 1.2.3 --series 1.2.3.4 --out series1',
    )
    .action((place: string, options: GetOptions) => getInto(context, place, options));
}

async function getInto(context: Context, place: string, options: GetOptions): Promise<void> {
  const { output, signal } = context;
  const target = targetOf(place, options);
  const { identifier, model } = retrieveIdentifier(options);
  const sopClassUid =
    model === 'study'
      ? SopClasses.StudyRootQueryRetrieveInformationModelGet
      : SopClasses.PatientRootQueryRetrieveInformationModelGet;
  const files = new ReceivedFiles(resolve(options.out), target.calledAeTitle, {
    getInstancesMax: options.maxInstances,
    getBytesMax: options.maxBytes,
  });
  const state: GetState = { notKept: 0, toCome: undefined };
  let outcome: RoundsOutcome | undefined;
  let broken: unknown;
  try {
    const listing = await listingOf(context, target, { identifier, model });
    // An empty list comes from a peer that tells classes only.
    if (listing !== undefined && listing.instances.length > 0) state.toCome = listing.instances.length;
    const facts: RoundsFacts = {
      ...receiving(context, files, state),
      sopClassUid,
      identifier,
      connect: (wanted) => context.connect(target, wanted),
    };
    outcome = listing === undefined ? await getByGuess(facts) : await getInRounds(facts, listing);
  } catch (error) {
    await files.settled();
    // What came until then is told before the error.
    if (files.files.length === 0 && !signal.aborted) {
      files.leaveNoEmptyFolder();
      throw error;
    }
    broken = signal.aborted ? interrupted() : error;
  }
  output.progress(undefined);
  files.leaveNoEmptyFolder();
  if (outcome === undefined) {
    reportBroken(context, files, { options, toCome: state.toCome });
    throw broken;
  }
  report(context, files, { options, outcome });
  if (state.notKept > 0) context.exitWith(exitStatus.answerIsNo);
}

interface GetState {
  /** Came, but could not be written. */
  notKept: number;
  /** Not here yet; undefined while nobody has said. */
  toCome: number | undefined;
}

function receiving(
  { output, signal }: Context,
  files: ReceivedFiles,
  state: GetState,
): Pick<RoundsFacts, 'onInstance' | 'onProgress'> {
  const soFar = (): string => `${counted(files.files.length, 'instance')}, ${formatBytes(files.bytes)}`;
  return {
    onProgress: ({ remaining }) => {
      state.toCome = remaining;
      output.progress(`${soFar()}, ${remaining} to come`);
    },
    onInstance: async (instance) => {
      try {
        await files.take(instance);
        if (state.toCome !== undefined) state.toCome = Math.max(0, state.toCome - 1);
        output.progress(soFar());
        return { status: 0 };
      } catch (thrown) {
        const error = asLeadglassError(thrown);
        if (error.code === 'LIMIT_EXCEEDED' || signal.aborted) throw error;
        state.notKept += 1;
        output.note(`One instance could not be kept: ${error.message}`);
        // PS3.4 table C.4-1: out of resources.
        return { status: 0xa700 };
      }
    },
  };
}

function report(
  context: Context,
  files: ReceivedFiles,
  { options, outcome: { result, missing } }: { readonly options: GetOptions; readonly outcome: RoundsOutcome },
): void {
  const { output } = context;
  noteMissing(output, missing);
  const cameNothing = files.files.length === 0 && result.status === 0 && result.failed === 0;
  if (options.json === true) {
    output.json({
      ...result,
      ...(missing.length === 0
        ? {}
        : { missing: missing.map(({ instance: { sopInstanceUid }, problem }) => ({ sopInstanceUid, problem })) }),
      bytes: files.bytes,
      files: files.files,
      interrupted: false,
    });
  } else if (cameNothing) output.line('Nothing came: the peer has no such instances for us.');
  else {
    output.line(`${counted(files.files.length, 'instance')}, ${formatBytes(files.bytes)}, in ${resolve(options.out)}.`);
  }
  reportRetrieve(context, result);
  if (cameNothing) context.exitWith(exitStatus.answerIsNo);
}

/** The association ended before the peer's last word: what is here is whole, the rest is not here. */
function reportBroken(
  { output, signal }: Context,
  { files }: ReceivedFiles,
  { options, toCome }: { readonly options: GetOptions; readonly toCome: number | undefined },
): void {
  const bytes = files.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  if (options.json === true) {
    output.json({
      completed: files.length,
      ...(toCome === undefined ? {} : { notFetched: toCome }),
      bytes,
      files,
      interrupted: signal.aborted,
    });
    return;
  }
  const rest = toCome === undefined ? 'the rest was not fetched' : `${toCome} not fetched`;
  const where = files.length === 0 ? '' : `, in ${resolve(options.out)}`;
  output.line(`${counted(files.length, 'instance')} fetched, ${formatBytes(bytes)}${where}; ${rest}.`);
}

/** What the peer says it has of this; undefined when it cannot be asked or says nothing, and contexts have to be guessed. */
async function listingOf(
  context: Context,
  target: DicomTarget,
  { identifier, model }: { readonly identifier: DataSet; readonly model: Model },
): Promise<Listing | undefined> {
  if (!canList(model, identifier)) return undefined;
  context.output.progress('asking what there is');
  try {
    await using client = await context.connect(target, findContexts(model));
    // A convenience: a peer that says nothing to it must not hold up the C-GET.
    const late = setTimeout(() => client.abort(), limits.getListingMs);
    const listing = await listInstances(client, model, identifier).finally(() => clearTimeout(late));
    return listing.sopClassUids.length === 0 ? undefined : listing;
  } catch {
    // It may allow C-GET and no C-FIND; what else is wrong, the C-GET will tell.
    return undefined;
  }
}

async function getByGuess(facts: RoundsFacts): Promise<RoundsOutcome> {
  const { sopClassUid, identifier } = facts;
  await using client = await facts.connect(getContexts(sopClassUid));
  return { result: await client.get(sopClassUid, identifier, facts), missing: [] };
}

const missingLinesMax = 20;

function noteMissing(output: Context['output'], missing: RoundsOutcome['missing']): void {
  for (const { instance, problem } of missing.slice(0, missingLinesMax))
    output.note(`failed  ${instance.sopInstanceUid}: ${problem}`);
  if (missing.length > missingLinesMax)
    output.note(`failed  ${missing.length - missingLinesMax} more, as --json tells`);
}

/** Image classes that are often stored compressed; the others are asked for uncompressed only. */
const oftenCompressed: readonly string[] = [
  '1.2',
  '1.1',
  '1.1.1',
  '2',
  '4',
  '6.1',
  '3.1',
  '7',
  '12.1',
  '20',
  '128',
  '77.1.6',
].map((end) => `1.2.840.10008.5.1.4.1.1.${end}`);

/**
 * One association holds 128 contexts (PS3.8 9.3.2.2), and the peer picks one syntax of each. An instance can only come as
 * it is stored when its own syntax has a context, so the often compressed classes get one for each usual syntax.
 */
export function getContexts(sopClassUid: WantedContext['abstractSyntax']): readonly WantedContext[] {
  const current = [...storageSopClasses].filter(([, { retired }]) => !retired).map(([uid]) => uid);
  const compressed = oftenCompressed.flatMap((uid) =>
    current.includes(knownUid(uid))
      ? compressedSyntaxes.map((syntax) => ({ abstractSyntax: knownUid(uid), transferSyntaxes: [syntax], asScp: true }))
      : [],
  );
  const plain = [
    ...current.filter((uid) => oftenCompressed.includes(uid)),
    ...current.filter((uid) => isEvidenceSopClass(uid)),
    ...current,
  ];
  return [
    { abstractSyntax: sopClassUid, transferSyntaxes: uncompressed },
    ...[...new Set(plain)]
      .slice(0, contextsMax - 1 - compressed.length)
      .map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: uncompressed, asScp: true })),
    ...compressed,
  ];
}
