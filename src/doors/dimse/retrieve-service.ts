/**
 * C-GET and C-MOVE (PS3.4 C.4.2, C.4.3): admits the retrieve, lists what it reaches, and sends instance by instance, each
 * named to the ledger before its first byte and counted after its answer.
 */
import type { Backend, StoredInstance } from '../../backends/backend.ts';
import type { Uid } from '../../dicom/uid.ts';
import type { CStoreResponse } from '../../dimse/command-set.ts';
import type { Progress, RetrieveResult } from '../../dimse/handlers.ts';
import { statusClass, Statuses } from '../../dimse/status.ts';
import type { OutgoingInstance } from '../../dimse/store-on-association.ts';
import { asLeadglassError, LeadglassError } from '../../error.ts';
import type { Admission } from '../../guard/admission.ts';
import type { Retrieve } from '../../guard/operation.ts';
import { ownerOf } from '../../guard/principal.ts';
import type { Log } from '../../log.ts';
import type { TranscodeServices } from '../../transcoding/transcode-instance.ts';
import type { AcceptedContext } from '../../upper-layer/association-types.ts';
import type { HeldInstances, Holding } from './held-instances.ts';
import { planLeaving } from './retrieve-plan.ts';

export interface RetrieveLimits {
  /** Instances of one retrieve; their heads are held, so that the numbers in the responses are true. */
  readonly retrieveInstancesMax: number;
  /** Instances whose first bytes are read while others are on their way. */
  readonly retrieveAhead: number;
}

/** Where the instances go: back on the association, or to a third AE. */
export interface RetrieveRoute {
  /** Contexts in which we may send. */
  readonly contexts: readonly AcceptedContext[];
  send(instance: OutgoingInstance): Promise<CStoreResponse>;
}

export interface RetrieveWork {
  readonly backend: Backend;
  readonly admission: Admission<Retrieve>;
  /** Opened once the instances are known, so that a route can negotiate for just these. */
  readonly route: (instances: readonly StoredInstance[]) => Promise<RetrieveRoute>;
  readonly cancel: AbortSignal;
  readonly progress: Progress;
  readonly limits: RetrieveLimits;
  readonly held: HeldInstances;
  readonly transcoding: TranscodeServices;
  readonly log: Log;
}

/** @throws LeadglassError before anything was sent; later failures are in the result */
export async function retrieve(work: RetrieveWork): Promise<RetrieveResult> {
  const { admission, cancel, progress, limits } = work;
  using holding = work.held.holdFor(ownerOf(admission.pass.principal));
  const instances = await listed(work, holding);
  const counts = { remaining: instances.length, completed: 0, failed: 0, warning: 0 };
  const failedSopInstanceUids: Uid[] = [];
  if (instances.length === 0) return { ...counts, failedSopInstanceUids, status: Statuses.Success };
  const route = await work.route(instances);
  let next = 0;
  let stopped: LeadglassError | undefined;

  const sendOne = async (instance: StoredInstance): Promise<void> => {
    const outcome = await sent(instance, work, route);
    counts.remaining -= 1;
    counts[outcome] += 1;
    if (outcome === 'failed') failedSopInstanceUids.push(instance.head.sopInstanceUid);
    progress({ ...counts });
  };
  const lane = async (): Promise<void> => {
    while (!cancel.aborted && stopped === undefined) {
      const instance = instances[next];
      if (instance === undefined) return;
      next += 1;
      if (!admission.pass.stillValid()) {
        stopped = new LeadglassError('NOT_AUTHORIZED', 'Stopped: the opening does not allow this any more');
        next -= 1;
        return;
      }
      await sendOne(instance);
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.max(1, limits.retrieveAhead) }, lane));
  for (const result of lanes) if (result.status === 'rejected') throw result.reason;

  if (stopped !== undefined) throw stopped;
  if (cancel.aborted && counts.remaining > 0) return { ...counts, failedSopInstanceUids, status: Statuses.Cancel };
  // PS3.4 table C.4-2: warning when some failed, failure when all did.
  const status =
    counts.failed === 0
      ? Statuses.Success
      : counts.completed + counts.warning === 0
        ? Statuses.UnableToPerformSuboperations
        : Statuses.SuboperationsCompleteWithFailures;
  return { ...counts, failedSopInstanceUids, status };
}

async function listed(
  { backend, admission, limits }: RetrieveWork,
  holding: Holding,
): Promise<readonly StoredInstance[]> {
  const instances: StoredInstance[] = [];
  for await (const instance of backend.retrieve(admission.pass)) {
    if (instances.length >= limits.retrieveInstancesMax) {
      throw new LeadglassError(
        'OUT_OF_RESOURCES',
        `Cannot retrieve more than ${limits.retrieveInstancesMax} instances at once; ask for less`,
      );
    }
    holding.add();
    instances.push(instance);
  }
  return instances;
}

type Outcome = 'completed' | 'failed' | 'warning';

/** @throws LeadglassError LEDGER_UNAVAILABLE, NOT_AUTHORIZED (the session ended): then nothing more may leave */
async function sent(
  instance: StoredInstance,
  { admission, transcoding, log }: RetrieveWork,
  route: RetrieveRoute,
): Promise<Outcome> {
  const { head } = instance;
  await admission.involving(head);
  const plan = planLeaving(instance, route.contexts, { transcoding, owner: ownerOf(admission.pass.principal) });
  if (plan === 'sop-class' || plan === 'transfer-syntax') {
    const reason = plan === 'sop-class' ? 'SOP class not negotiated' : 'transfer syntax not negotiated';
    admission.transferred(head, { outcome: 8, reason });
    return 'failed';
  }
  let notConverted: LeadglassError | undefined;
  const read = plan.isConverted ? () => noticing(plan.read(), (error) => (notConverted = error)) : () => plan.read();
  try {
    const { status } = await route.send({
      sopClassUid: head.sopClassUid,
      sopInstanceUid: head.sopInstanceUid,
      transferSyntaxUid: plan.context.transferSyntax,
      read,
    });
    const kind = statusClass(status);
    if (kind === 'success') {
      admission.transferred(head);
      return 'completed';
    }
    const reason = `receiver answered ${status.toString(16).padStart(4, '0')}`;
    admission.transferred(head, { outcome: kind === 'warning' ? 4 : 8, reason });
    return kind === 'warning' ? 'warning' : 'failed';
  } catch (thrown) {
    const error = asLeadglassError(thrown);
    // A source that fails midway ends the association, whose own error says nothing of the reason.
    const { code, message, detail } = notConverted ?? error;
    admission.transferred(head, { outcome: 8, reason: notConverted === undefined ? code : `not converted: ${code}` });
    log.warn('association.suboperation-failed', { code, message, detail, converting: plan.isConverted });
    return 'failed';
  }
}

async function* noticing(
  bytes: AsyncIterable<Uint8Array>,
  failed: (error: LeadglassError) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* bytes;
  } catch (error) {
    failed(asLeadglassError(error));
    throw error;
  }
}
