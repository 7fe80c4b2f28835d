/** Joins the commands to dimse/client.ts: settings and limits in, streams and plain results out. */
import { type ClientOptions, DimseClient } from '../dimse/client.ts';
import { send, type SendInstance } from '../dimse/send.ts';
import { asLeadglassError, LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { chunkChannel } from './chunk-channel.ts';
import type {
  DicomClient,
  DicomTarget,
  RetrieveProgress,
  RetrieveResult,
  SendDicom,
  WantedContext,
} from './dicom-client.ts';
import { heldUp } from './interruption.ts';

/**
 * As `send`, with as many instances under way as the peer lets us. When `signal` fires no further one is begun, and an
 * instance whose bytes end by it takes the association with it (A-ABORT); a peer that does not answer is not waited for.
 * @throws LeadglassError as `send`; CANCELLED after the signal
 */
export async function sendDicom(
  target: DicomTarget,
  instances: readonly SendInstance[],
  options: Parameters<SendDicom>[2] & { readonly signal: AbortSignal },
): Promise<void> {
  const sending = send(instances, {
    ...connectionOf(target),
    window: { invoked: limits.dimse.operationsMax, performed: 1 },
    ...options,
  });
  await Promise.race([sending, heldUp(options.signal, { until: sending })]);
}

function connectionOf({
  host,
  port,
  callingAeTitle,
  calledAeTitle,
  tls,
}: DicomTarget): Omit<ClientOptions, 'contexts'> {
  return {
    host,
    port,
    callingAeTitle,
    calledAeTitle,
    ...(tls === undefined
      ? {}
      : { tls: { identity: { key: tls.key, cert: tls.cert }, server: { by: 'name', name: host, ca: [tls.ca] } } }),
    limits,
    dimseLimits: { ...limits.dimse, identifier: limits.identifier },
  };
}

/** One association; when `signal` fires it is aborted, and what waits for the peer is rejected with CANCELLED. */
export async function connectDicom(
  target: DicomTarget,
  contexts: readonly WantedContext[],
  signal: AbortSignal,
): Promise<DicomClient> {
  const connecting = DimseClient.connect({
    ...connectionOf(target),
    contexts: contexts.map(({ abstractSyntax, transferSyntaxes, asScp }) => ({
      abstractSyntax,
      transferSyntaxes,
      // PS3.7 D.3.3.4: both roles, since some acceptors refuse a context without the usual one.
      ...(asScp === true ? { role: { scu: true, scp: true } } : {}),
    })),
    signal,
  });
  const client = await ofPeer(connecting);
  const onAbort = (): void => client.abort();
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    accepted: (uid) =>
      [...client.contexts.values()].flatMap(({ abstractSyntax, transferSyntax }) =>
        abstractSyntax === uid ? [transferSyntax] : [],
      ),
    echo: () => ofPeer(client.echo()),
    find: async function* (sopClassUid, identifier) {
      try {
        yield* client.find(sopClassUid, identifier, { answersMax: limits.dimse.pendingResponsesMax });
      } catch (thrown) {
        throw blamed(thrown);
      }
    },
    get: async (sopClassUid, identifier, { onInstance, onProgress }) => {
      const getting = client.get(sopClassUid, identifier, {
        instancesMax: limits.getInstancesMax,
        onProgress: (counts) => onProgress(progressOf(counts)),
        onInstance: (instance) => {
          const channel = chunkChannel();
          // Started now, so that it reads while chunks come; how it went is asked at the end.
          const taken = onInstance({ ...instance, source: channel.chunks }).catch((thrown: unknown) => {
            const error = asLeadglassError(thrown);
            return { status: 0xa700, errorComment: error.message, error };
          });
          return {
            write: (chunk) => channel.write(chunk),
            end: async () => {
              channel.end();
              const answered = await taken;
              if ('error' in answered) throw answered.error;
              return answered;
            },
            abort: (reason) => channel.fail(reason),
          };
        },
      });
      return resultOf(await ofPeer(getting));
    },
    move: async (sopClassUid, identifier, { destination, onProgress }) =>
      resultOf(
        await ofPeer(
          client.move(sopClassUid, identifier, {
            moveDestination: destination,
            onProgress: (counts) => onProgress(progressOf(counts)),
          }),
        ),
      ),
    [Symbol.asyncDispose]: async () => {
      // A peer that misbehaves does not answer a release either.
      const late = setTimeout(() => client.abort(), limits.clientReleaseMs);
      await client.release().catch(() => client.abort());
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
    },
    abort: () => client.abort(),
  };
}

/** Bytes that cannot be read came from the peer here: its failure, not a command used wrongly. */
function blamed(thrown: unknown): unknown {
  if (!(thrown instanceof LeadglassError) || thrown.code !== 'MALFORMED') return thrown;
  return new LeadglassError('PEER_FAILED', `The peer does not speak DICOM as it should: ${thrown.message}`, {
    cause: thrown,
  });
}

async function ofPeer<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    throw blamed(thrown);
  }
}

interface Counts {
  readonly remaining?: number;
  readonly completed?: number;
  readonly failed?: number;
  readonly warning?: number;
}

function progressOf({ remaining = 0, completed = 0, failed = 0 }: Counts): RetrieveProgress {
  return { remaining, completed, failed };
}

function resultOf(outcome: Counts & { readonly status: number; readonly errorComment?: string }): RetrieveResult {
  const { status, completed = 0, failed = 0, warning = 0, errorComment } = outcome;
  return { status, completed, failed, warning, ...(errorComment === undefined ? {} : { errorComment }) };
}
