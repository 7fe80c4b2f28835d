/** C-STORE as SCU on an association that is there already: a sub-operation of C-GET, or one instance of a client. */
import type { Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import type { AcceptedContext } from '../upper-layer/association-types.ts';
import { CommandField, type CStoreRequest, type CStoreResponse, Priority } from './command-set.ts';
import type { MessageExchange } from './message-exchange.ts';

export interface OutgoingInstance {
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  /** Of the bytes that `read` gives; a context with it must have been accepted. */
  readonly transferSyntaxUid: Uid;
  /** The data set, without preamble and group 0002. */
  read(): AsyncIterable<Uint8Array>;
}

export interface StoreOptions {
  readonly priority?: number;
  /** PS3.7 9.1.1.1.6: who asked for the C-MOVE that this belongs to. */
  readonly moveOriginator?: { readonly aeTitle: string; readonly messageId: number };
}

/** The accepted context in which we may send such an instance, or undefined. */
export function storeContext(
  exchange: MessageExchange,
  { sopClassUid, transferSyntaxUid }: Pick<OutgoingInstance, 'sopClassUid' | 'transferSyntaxUid'>,
): AcceptedContext | undefined {
  const { contexts, role } = exchange.association;
  for (const context of contexts.values()) {
    if (context.abstractSyntax !== sopClassUid || context.transferSyntax !== transferSyntaxUid) continue;
    if (role === 'requestor' ? context.requestorScu : context.requestorScp) return context;
  }
  return undefined;
}

/**
 * Stores one instance at the peer. Several calls may be under way; no more than the negotiated window run at once, and the
 * first bytes of a waiting instance are read ahead.
 * @throws LeadglassError UNSUPPORTED without a fitting context; what `read` throws: before its first chunk that leaves the
 *   association usable, after it the association ends; PEER_FAILED, TIMED_OUT
 */
export async function storeOnAssociation(
  exchange: MessageExchange,
  instance: OutgoingInstance,
  { priority = Priority.medium, moveOriginator }: StoreOptions = {},
): Promise<CStoreResponse> {
  const context = storeContext(exchange, instance);
  if (context === undefined) {
    throw new LeadglassError('UNSUPPORTED', 'Cannot send the instance: no presentation context for it was accepted', {
      detail: `SOP class ${instance.sopClassUid}, transfer syntax ${instance.transferSyntaxUid}`,
    });
  }
  const data = await started(instance.read());
  try {
    const { response } = await exchange.request<CStoreRequest>(
      {
        commandField: CommandField.CStoreRq,
        affectedSopClassUid: instance.sopClassUid,
        affectedSopInstanceUid: instance.sopInstanceUid,
        priority,
        ...(moveOriginator && {
          moveOriginatorApplicationEntityTitle: moveOriginator.aeTitle,
          moveOriginatorMessageId: moveOriginator.messageId,
        }),
      },
      { contextId: context.id, data: data.all },
    );
    return response;
  } finally {
    data.close();
  }
}

interface Started {
  readonly all: AsyncIterable<Uint8Array>;
  /** Lets go of the source also when nobody has iterated. */
  close(): void;
}

/** Reads the first chunk: a source that cannot be opened fails here, before anything was sent. */
async function started(source: AsyncIterable<Uint8Array>): Promise<Started> {
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  async function* all(): AsyncGenerator<Uint8Array, void> {
    for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
  }
  return {
    all: all(),
    close: () => {
      // Not waited for: a source that hangs must not keep what has ended from being told. Whether closing works does not
      // change what was stored.
      iterator.return?.().catch(() => undefined);
    },
  };
}
