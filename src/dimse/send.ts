/**
 * Sends many instances: plans which presentation contexts and how many associations they need, and keeps each association
 * as full as the peer's window allows. Where instances come from, and converting what the peer refuses, is the caller's.
 */
import type { Uid } from '../dicom/uid.ts';
import { asLeadglassError, LeadglassError } from '../error.ts';
import { DimseClient, type ClientOptions } from './client.ts';
import type { ContextProposal } from './connect.ts';
import { type Status, statusClass } from './status.ts';
import type { OutgoingInstance } from './store-on-association.ts';

export interface SendInstance extends OutgoingInstance {
  /** For progress. */
  readonly lengthBytes?: number;
  /**
   * The same instance in another transfer syntax, asked for when the peer refused its own: one of those that
   * `alternatives` has offered for it.
   */
  readonly converted?: (transferSyntaxUid: Uid) => AsyncIterable<Uint8Array>;
}

export interface SendOutcome {
  readonly instance: SendInstance;
  /** Undefined when it could not be sent; then `error` says why. */
  readonly status?: Status;
  readonly errorComment?: string;
  readonly error?: LeadglassError;
  /** It was not sent, since the peer accepted no context for its class, or none for a transfer syntax in which it could go. */
  readonly refused?: 'sop-class' | 'transfer-syntax';
}

export interface SendOptions extends Omit<ClientOptions, 'contexts'> {
  /** Transfer syntaxes that are proposed beside the instance's own, each in a context of its own; only with `converted`. */
  readonly alternatives?: (instance: SendInstance) => readonly Uid[];
  /** After each instance, in the order in which they were answered. */
  readonly onOutcome?: (outcome: SendOutcome) => void;
  readonly moveOriginator?: { readonly aeTitle: string; readonly messageId: number };
}

export interface SendSummary {
  readonly sent: number;
  readonly warnings: number;
  readonly failed: number;
  readonly bytes: number;
}

/** One association's worth: at most 128 contexts, and the instances that go in them. */
export interface SendPlan {
  readonly contexts: readonly ContextProposal[];
  readonly instances: readonly SendInstance[];
}

/**
 * One context per SOP class and transfer syntax, so that the peer decides on each alone (a context has one answer for all
 * syntaxes in it); instances keep their order within an association.
 */
export function planSend(
  instances: Iterable<SendInstance>,
  {
    presentationContextsMax,
    alternatives = () => [],
  }: { readonly presentationContextsMax: number; readonly alternatives?: SendOptions['alternatives'] },
): readonly SendPlan[] {
  const plans: { readonly contexts: Map<string, ContextProposal>; readonly instances: SendInstance[] }[] = [];
  for (const instance of instances) {
    const syntaxes = new Set([
      instance.transferSyntaxUid,
      ...(instance.converted === undefined ? [] : alternatives(instance)),
    ]);
    const needed = [...syntaxes].map((syntax) => ({
      key: `${instance.sopClassUid} ${syntax}`,
      context: { abstractSyntax: instance.sopClassUid, transferSyntaxes: [syntax] },
    }));
    const fits = (contexts: ReadonlyMap<string, ContextProposal>): boolean =>
      contexts.size + needed.filter(({ key }) => !contexts.has(key)).length <= presentationContextsMax;
    let plan = plans.find(({ contexts }) => fits(contexts));
    if (plan === undefined) {
      plan = { contexts: new Map(), instances: [] };
      plans.push(plan);
    }
    for (const { key, context } of needed.slice(0, presentationContextsMax)) plan.contexts.set(key, context);
    plan.instances.push(instance);
  }
  return plans.map(({ contexts, instances: planned }) => ({ contexts: [...contexts.values()], instances: planned }));
}

/**
 * Sends all, one association after the other. What fails for one instance is told by `onOutcome` and counted; when it takes
 * the association with it, the others go on another one.
 * @throws LeadglassError when no association could be had, several in succession ended without an answer, or CANCELLED: what
 *   was not answered then is not counted
 */
export async function send(instances: Iterable<SendInstance>, options: SendOptions): Promise<SendSummary> {
  const { limits, alternatives } = options;
  const plans = planSend(instances, {
    presentationContextsMax: limits.presentationContextsMax,
    ...(alternatives === undefined ? {} : { alternatives }),
  });
  const summary = { sent: 0, warnings: 0, failed: 0, bytes: 0 };
  const onOutcome = (outcome: SendOutcome): void => {
    count(summary, outcome);
    options.onOutcome?.(outcome);
  };
  for (const plan of plans) await sendPlanned(plan, { ...options, onOutcome });
  return summary;
}

/**
 * One plan, on as many associations as it takes. When one ends early, the instances that were under way are sent one at a
 * time on the next, so that the one with which it ends again is known, and is the only one that fails.
 */
async function sendPlanned({ contexts, instances }: SendPlan, options: SendOptions): Promise<void> {
  const left = new Set(instances);
  const underWay = new Set<SendInstance>();
  let suspects: readonly SendInstance[] = [];
  let endsWithoutAnswer = 0;
  let isExplained = false;
  const settle = (outcome: SendOutcome): void => {
    left.delete(outcome.instance);
    underWay.delete(outcome.instance);
    if (outcome.status !== undefined) endsWithoutAnswer = 0;
    else if (outcome.refused === undefined) isExplained = true;
    options.onOutcome?.(outcome);
  };
  const sendOptions = { ...options, onBegun: (one: SendInstance) => void underWay.add(one), onOutcome: settle };
  while (left.size > 0) {
    await using client = await DimseClient.connect({ ...options, contexts });
    isExplained = false;
    // Whoever gives up does not wait for a peer's answer or release (PS3.8 9.3.8).
    const giveUp = (): void => client.abort();
    options.signal?.addEventListener('abort', giveUp, { once: true });
    try {
      await sendOn(client, suspects, { ...sendOptions, atOnceMax: 1 });
      suspects = [];
      await sendOn(client, [...left], sendOptions);
    } catch (thrown) {
      const error = asLeadglassError(thrown);
      // Not the association's end, but what the caller's listener threw.
      if (!client.isOver) throw error;
      if (!isExplained) endsWithoutAnswer += 1;
      if (options.signal?.aborted === true)
        throw new LeadglassError('CANCELLED', 'Sending was cancelled', { cause: error });
      if (error.code === 'CANCELLED' || endsWithoutAnswer > options.dimseLimits.endsWithoutAnswerMax) throw error;
      const [only, ...others] = underWay;
      if (!isExplained && only !== undefined && others.length === 0) settle({ instance: only, error });
      suspects = isExplained ? [] : [...underWay];
      underWay.clear();
    } finally {
      options.signal?.removeEventListener('abort', giveUp);
    }
  }
}

function count(summary: { -readonly [K in keyof SendSummary]: number }, { instance, status }: SendOutcome): void {
  const kind = status === undefined ? 'failure' : statusClass(status);
  if (kind === 'success' || kind === 'warning') {
    summary.sent += 1;
    summary.bytes += instance.lengthBytes ?? 0;
    if (kind === 'warning') summary.warnings += 1;
  } else {
    summary.failed += 1;
  }
}

/**
 * Sends on an association that is there already, as many at once as the peer's window allows.
 * @throws LeadglassError what ended the association, or CANCELLED
 */
export async function sendOn(
  client: DimseClient,
  instances: Iterable<SendInstance>,
  options: Pick<SendOptions, 'alternatives' | 'onOutcome' | 'moveOriginator' | 'signal'> & {
    readonly onBegun?: (instance: SendInstance) => void;
    /** Fewer than the window allows. */
    readonly atOnceMax?: number;
  },
): Promise<void> {
  const { signal, atOnceMax = Number.POSITIVE_INFINITY } = options;
  const iterator = instances[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      if (signal?.aborted === true) throw new LeadglassError('CANCELLED', 'Sending was cancelled');
      options.onBegun?.(next.value);
      // Not within the optional call, whose arguments nobody evaluates when it is absent.
      const outcome = await outcomeOf(client, next.value, options);
      options.onOutcome?.(outcome);
    }
  };
  // One more than the window: its first bytes are read while the others wait for their answers.
  const workers = await Promise.allSettled(Array.from({ length: Math.min(client.window + 1, atOnceMax) }, worker));
  for (const result of workers) if (result.status === 'rejected') throw result.reason;
}

async function outcomeOf(
  client: DimseClient,
  instance: SendInstance,
  { alternatives, moveOriginator }: Pick<SendOptions, 'alternatives' | 'moveOriginator'>,
): Promise<SendOutcome> {
  const outgoing = acceptedForm(client, instance, alternatives);
  if (outgoing === undefined) return refusedBy(client, instance);
  const source = { failure: undefined as LeadglassError | undefined };
  try {
    const { status, errorComment } = await client.store(
      { ...outgoing, read: () => watched(outgoing.read(), source) },
      moveOriginator === undefined ? {} : { moveOriginator },
    );
    return { instance, status, ...(errorComment === undefined ? {} : { errorComment }) };
  } catch (error) {
    // Bytes that could not be read are this instance's own failure, also where the association ends by it.
    if (source.failure !== undefined) return { instance, error: source.failure };
    // The association's end is no outcome of one instance.
    if (client.isOver) throw error;
    return { instance, error: asLeadglassError(error) };
  }
}

/** The same bytes; what reading them threw is kept in `source`. */
async function* watched(
  bytes: AsyncIterable<Uint8Array>,
  source: { failure: LeadglassError | undefined },
): AsyncGenerator<Uint8Array, void> {
  const iterator = bytes[Symbol.asyncIterator]();
  try {
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await iterator.next();
      } catch (error) {
        source.failure = asLeadglassError(error);
        throw error;
      }
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

function refusedBy(client: DimseClient, instance: SendInstance): SendOutcome {
  const takesClass = [...client.contexts.values()].some(
    ({ abstractSyntax, requestorScu }) => abstractSyntax === instance.sopClassUid && requestorScu,
  );
  const error = new LeadglassError(
    'UNSUPPORTED',
    `The peer does not accept ${takesClass ? 'its transfer syntax' : 'this SOP class'}`,
    { detail: `SOP class ${instance.sopClassUid}, transfer syntax ${instance.transferSyntaxUid}` },
  );
  return { instance, error, refused: takesClass ? 'transfer-syntax' : 'sop-class' };
}

/**
 * The instance as it is when the peer takes that, else converted to the first alternative that it takes; undefined when it
 * takes none.
 */
function acceptedForm(
  client: DimseClient,
  instance: SendInstance,
  alternatives: SendOptions['alternatives'],
): OutgoingInstance | undefined {
  if (client.canStore(instance)) return instance;
  const { converted } = instance;
  if (converted === undefined) return undefined;
  for (const transferSyntaxUid of alternatives?.(instance) ?? []) {
    const { sopClassUid, sopInstanceUid } = instance;
    const form = { sopClassUid, sopInstanceUid, transferSyntaxUid, read: () => converted(transferSyntaxUid) };
    if (client.canStore(form)) return form;
  }
  return undefined;
}
