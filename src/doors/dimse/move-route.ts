/**
 * The way of a C-MOVE: an association of our own to the destination that the opening names, negotiated for just the instances
 * that are to go. How it is connected (TLS, certificates) is compose.ts's.
 */
import type { StoredInstance } from '../../backends/backend.ts';
import { TransferSyntaxes } from '../../dicom/transfer-syntax.ts';
import type { Uid } from '../../dicom/uid.ts';
import type { AeTitle } from '../../dicom/ae-title.ts';
import type { ContextProposal } from '../../dimse/connect.ts';
import type { MessageExchange } from '../../dimse/message-exchange.ts';
import { storeOnAssociation } from '../../dimse/store-on-association.ts';
import { LeadglassError } from '../../error.ts';
import type { MoveDestination } from '../../guard/opening.ts';
import { offeredTransferSyntaxes } from './retrieve-plan.ts';
import type { RetrieveRoute } from './retrieve-service.ts';

/** An association that we requested, with its end. */
export interface OutgoingConnection {
  readonly exchange: MessageExchange;
  /** Releases, or aborts when that takes too long. Never rejects. */
  close(): Promise<void>;
}

/** @throws LeadglassError BACKEND_UNAVAILABLE, NOT_AUTHENTICATED (its certificate), PEER_FAILED */
export type MoveConnector = (
  destination: MoveDestination,
  contexts: readonly ContextProposal[],
) => Promise<OutgoingConnection>;

/** PS3.8 9.3.2.2: odd ids up to 255. */
const contextsMax = 128;

const uncompressed: readonly Uid[] = [TransferSyntaxes.ExplicitVrLittleEndian, TransferSyntaxes.ImplicitVrLittleEndian];

export interface MoveRoute extends AsyncDisposable {
  open(instances: readonly StoredInstance[]): Promise<RetrieveRoute>;
}

export function moveRoute(facts: {
  readonly connect: MoveConnector;
  readonly destination: MoveDestination | undefined;
  readonly originator: { readonly aeTitle: string | AeTitle; readonly messageId: number };
}): MoveRoute {
  let connection: OutgoingConnection | undefined;
  return {
    open: async (instances) => {
      if (facts.destination === undefined) throw new LeadglassError('NOT_FOUND', 'Move destination unknown');
      connection = await facts.connect(facts.destination, proposals(instances));
      const { exchange } = connection;
      return {
        contexts: [...exchange.association.contexts.values()].filter(({ requestorScu }) => requestorScu),
        send: (instance) => storeOnAssociation(exchange, instance, { moveOriginator: facts.originator }),
      };
    },
    [Symbol.asyncDispose]: async () => {
      await connection?.close();
    },
  };
}

/**
 * One context for each SOP class and transfer syntax that occurs, then those for what may have to be converted, as long as there
 * is room.
 */
function proposals(instances: readonly StoredInstance[]): readonly ContextProposal[] {
  const asStored = new Map<string, ContextProposal>();
  const converted = new Map<string, ContextProposal>();
  for (const { head, transferSyntaxUid } of instances) {
    for (const syntax of offeredTransferSyntaxes(transferSyntaxUid, uncompressed)) {
      const wanted = syntax === transferSyntaxUid ? asStored : converted;
      wanted.set(`${head.sopClassUid} ${syntax}`, { abstractSyntax: head.sopClassUid, transferSyntaxes: [syntax] });
    }
  }
  // Beyond the room the rest is answered as "SOP class not negotiated"; a study of so many kinds has not been seen.
  return [...new Map([...asStored, ...converted]).values()].slice(0, contextsMax);
}
