/**
 * What the commands `echo`, `send`, `find`, `get` and `move` need of a DIMSE client, and how a target is named. The
 * client itself is dimse/client.ts and dimse/send.ts; connect-dicom.ts joins them.
 */
import type { DataSet } from '../dicom/data-set.ts';
import type { Uid } from '../dicom/uid.ts';
import type { SendInstance, SendOptions } from '../dimse/send.ts';

export interface DicomTarget {
  readonly host: string;
  readonly port: number;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  /** Absent: plain. The server's certificate must come from `ca` and name `host`. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca: string };
}

export interface WantedContext {
  readonly abstractSyntax: Uid;
  readonly transferSyntaxes: readonly Uid[];
  /** True: we take instances in (C-GET), so we ask for the SCP role, PS3.7 D.3.3.4. */
  readonly asScp?: boolean;
}

export interface StoreStatus {
  readonly status: number;
  readonly errorComment?: string;
}

export interface IncomingInstance {
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly transferSyntaxUid: Uid;
  /** The data set; must be read to its end. A peer that breaks off makes it throw. */
  readonly source: AsyncIterable<Uint8Array>;
}

export interface RetrieveResult {
  readonly status: number;
  readonly completed: number;
  readonly failed: number;
  readonly warning: number;
  readonly errorComment?: string;
}
export interface RetrieveProgress {
  readonly remaining: number;
  readonly completed: number;
  readonly failed: number;
}

/** Disposing it releases the association, also after a failure, so that the peer does not wait for us. */
export interface DicomClient extends AsyncDisposable {
  /** Transfer syntaxes that the peer accepted for a class. */
  accepted(abstractSyntax: Uid): readonly Uid[];
  echo(): Promise<number>;
  /** Throws LeadglassError when the final status is a failure. */
  find(sopClassUid: Uid, identifier: DataSet): AsyncIterable<DataSet>;
  get(
    sopClassUid: Uid,
    identifier: DataSet,
    options: {
      readonly onInstance: (instance: IncomingInstance) => Promise<StoreStatus>;
      readonly onProgress: (progress: RetrieveProgress) => void;
    },
  ): Promise<RetrieveResult>;
  move(
    sopClassUid: Uid,
    identifier: DataSet,
    options: { readonly destination: string; readonly onProgress: (progress: RetrieveProgress) => void },
  ): Promise<RetrieveResult>;
  abort(): void;
}

/** `connectDicom` of connect-dicom.ts, or a test's. */
export type ConnectDicom = (target: DicomTarget, contexts: readonly WantedContext[]) => Promise<DicomClient>;

/** `sendDicom` of connect-dicom.ts, or a test's: dimse/send.ts on associations with this peer. */
export type SendDicom = (
  target: DicomTarget,
  instances: readonly SendInstance[],
  options: Pick<SendOptions, 'alternatives' | 'onOutcome'>,
) => Promise<unknown>;

/** For people: 0x0124 -> `0124H`. */
export function statusText(status: number): string {
  return `${status.toString(16).toUpperCase().padStart(4, '0')}H`;
}

/** PS3.7 C: 0000H, and the warnings 0001H, Bxxx, 0107H, 0116H; the instance is stored all the same. */
export function isStored(status: number): boolean {
  return status === 0 || isWarning(status);
}
export function isWarning(status: number): boolean {
  return status === 0x0001 || status === 0x0107 || status === 0x0116 || (status & 0xf000) === 0xb000;
}
