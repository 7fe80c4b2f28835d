/** `get` over as many associations as the peer's kinds of instances need; what each proposes is for get-plan.ts. */
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/dictionary.ts';
import { storageSopClasses } from '../dicom/sop-class.ts';
import { transferSyntaxInfo } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import { limits } from '../limits.ts';
import type { DicomClient, IncomingInstance, RetrieveResult, StoreStatus, WantedContext } from './dicom-client.ts';
import { identifiersOf, kindsFor, kindText, type Kind, type ListedInstance, type Listing } from './get-plan.ts';
import { uncompressed, worthAsking } from './get-plan.ts';

/** Beside the one of the C-GET itself. */
const kindsMax = limits.presentationContextsMax - 1;

export interface RoundsFacts {
  readonly connect: (contexts: readonly WantedContext[]) => Promise<DicomClient>;
  readonly sopClassUid: Uid;
  readonly identifier: DataSet;
  readonly onInstance: (instance: IncomingInstance) => Promise<StoreStatus>;
  readonly onProgress: (progress: { readonly remaining: number }) => void;
}

export interface RoundsOutcome {
  readonly result: RetrieveResult;
  /** Listed, but did not come; each with the reason in words. */
  readonly missing: readonly { readonly instance: ListedInstance; readonly problem: string }[];
}

export async function getInRounds(facts: RoundsFacts, listing: Listing): Promise<RoundsOutcome> {
  const proposed = new Set<string>();
  const accepted = new Set<string>();
  const arrived = new Set<string>();
  let asked: readonly DataSet[] = [facts.identifier];
  let open: Listing = listing;
  let result: RetrieveResult = { status: 0, completed: 0, failed: 0, warning: 0 };
  const missing = (): readonly ListedInstance[] =>
    listing.instances.filter(({ sopInstanceUid }) => !arrived.has(sopInstanceUid));
  for (let round = 1; round <= limits.getAssociationsMax; round += 1) {
    const kinds = kindsFor(open, proposed).slice(0, kindsMax);
    if (kinds.length === 0) break;
    for (const kind of kinds) proposed.add(kindText(kind));
    const now = await oneRound(facts, { kinds, asked, accepted, arrived });
    result = afterRound(result, now, { askedForAll: asked[0] === facts.identifier });
    if (listing.instances.length === 0) {
      if (result.failed === 0) break;
    } else {
      open = worthAsking(missing(), proposed);
      if (open.instances.length === 0) break;
      asked = identifiersOf(open.instances, facts.identifier.text(Tags.PatientID));
    }
  }
  const left = missing().map((instance) => ({ instance, problem: problemOf(instance, accepted) }));
  const failed = listing.instances.length === 0 ? result.failed : Math.max(result.failed, left.length);
  return { result: { ...result, failed }, missing: left };
}

/** The contexts of one association, each syntax in one of its own, so that the peer decides on each alone. */
function contextsOf(sopClassUid: Uid, kinds: readonly Kind[]): readonly WantedContext[] {
  return [
    { abstractSyntax: sopClassUid, transferSyntaxes: uncompressed },
    ...kinds.map(({ sopClassUid: abstractSyntax, transferSyntaxUid }) => ({
      abstractSyntax,
      transferSyntaxes: [transferSyntaxUid],
      asScp: true,
    })),
  ];
}

interface Round {
  readonly kinds: readonly Kind[];
  readonly asked: readonly DataSet[];
  readonly accepted: Set<string>;
  readonly arrived: Set<string>;
}

async function oneRound(facts: RoundsFacts, { kinds, asked, accepted, arrived }: Round): Promise<RetrieveResult> {
  const earlier = new Set(arrived);
  let total: RetrieveResult = { status: 0, completed: 0, failed: 0, warning: 0 };
  await using client = await facts.connect(contextsOf(facts.sopClassUid, kinds));
  for (const { sopClassUid } of kinds) {
    for (const transferSyntaxUid of client.accepted(sopClassUid))
      accepted.add(kindText({ sopClassUid, transferSyntaxUid }));
  }
  for (const identifier of asked) {
    let again = 0;
    const outcome = await client.get(facts.sopClassUid, identifier, {
      onProgress: facts.onProgress,
      onInstance: async (instance) => {
        if (earlier.has(instance.sopInstanceUid)) {
          again += 1;
          // Sent again because it was asked for with all others; it is there already.
          for await (const _ of instance.source);
          return { status: 0 };
        }
        arrived.add(instance.sopInstanceUid);
        return facts.onInstance(instance);
      },
    });
    total = sumOf(total, { ...outcome, completed: Math.max(0, outcome.completed - again) });
  }
  return total;
}

/** Of two requests for different instances. */
function sumOf(one: RetrieveResult, other: RetrieveResult): RetrieveResult {
  return {
    ...other,
    status: other.status === 0 ? one.status : other.status,
    completed: one.completed + other.completed,
    warning: one.warning + other.warning,
    failed: one.failed + other.failed,
  };
}

/**
 * A further round asks again for what failed, so its failures take the place of those before. When it had to ask for all,
 * the peer may count what came before as failed now.
 */
function afterRound(
  before: RetrieveResult,
  now: RetrieveResult,
  { askedForAll }: { readonly askedForAll: boolean },
): RetrieveResult {
  const came = before.completed + before.warning;
  const failed = askedForAll ? Math.max(0, now.failed - came) : now.failed;
  return {
    ...now,
    status: failed === 0 && now.status === 0xb000 ? 0 : now.status,
    completed: before.completed + now.completed,
    warning: before.warning + now.warning,
    failed,
  };
}

function problemOf({ sopClassUid, transferSyntaxUids }: ListedInstance, accepted: ReadonlySet<string>): string {
  if (sopClassUid === undefined) return 'the peer did not send it, and does not tell its SOP class';
  const what = storageSopClasses.get(sopClassUid)?.name ?? `SOP class ${sopClassUid}`;
  const how = transferSyntaxUids.map((uid) => transferSyntaxInfo(uid)?.name ?? uid).join(' or ');
  const kind = how === '' ? what : `${what} in ${how}`;
  const could = (uid: Uid): boolean => accepted.has(kindText({ sopClassUid, transferSyntaxUid: uid }));
  const wasNegotiated =
    transferSyntaxUids.length === 0
      ? [...accepted].some((text) => text.startsWith(`${sopClassUid} `))
      : transferSyntaxUids.some(could);
  return wasNegotiated
    ? `the peer did not send it (${kind})`
    : `the peer accepted no presentation context for it (${kind})`;
}
