/**
 * Between the web door and the resources: the door makes a request of HTTP, finds out who asks and gives the session; a handler
 * makes an answer, admitted by the guard, of what the backend holds. Neither knows the other's inside.
 */
import type { Backend } from '../../backends/backend.ts';
import type { CodecPool } from '../../codecs/pool/codec-pool.ts';
import type { QueryLevel } from '../../dicom/query-level.ts';
import type { Tag } from '../../dicom/tag.ts';
import type { GuardSession } from '../../guard/session.ts';
import type { limits } from '../../limits.ts';
import type { Log } from '../../log.ts';
import type { ConversionMemory } from '../../transcoding/conversion-memory.ts';
import type { TranscodeServices } from '../../transcoding/transcode-instance.ts';

/** Every method that some resource takes; others end at the door. */
export const webMethods = ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'] as const;
export type WebMethod = (typeof webMethods)[number];

/** A request whose path was understood; nothing of it reached a backend yet. */
export interface WebRequest {
  readonly method: WebMethod;
  /** Below the door's base, percent-encoded. */
  readonly path: string;
  /** Without the `?`; empty when there is none. */
  readonly query: string;
  /** By name in lower case; fields that came several times are joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Ends with an error when the peer went away or sent too slowly. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The peer went away, the opening was closed, or the door stops. */
  readonly signal: AbortSignal;
  /** `https://host:port/dicom-web`, for RetrieveURL and BulkDataURI. */
  readonly baseUrl: string;
}

export interface WebResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  /** Taken as fast as the peer reads. An error after the head ends the stream so that no peer takes it for whole. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** Errors are thrown (LeadglassError, RefusedError, HttpError); the door makes problem details of them. */
export type WebHandler = (request: WebRequest, session: GuardSession, services: WebServices) => Promise<WebResponse>;

/** The same members with any number, so that a test may have smaller ones. */
type Widened<T> = { readonly [K in keyof T]: T[K] extends number ? number : Widened<T[K]> };
export type WebLimits = Widened<typeof limits>;

/** What all requests of the door share. */
export interface WebServices {
  readonly backend: Backend;
  /** Our AE title, as Retrieve AE Title in answers. */
  readonly aeTitle: string;
  readonly limits: WebLimits;
  /** What the archive keeps of a level, and so what `includefield=all` means there. */
  readonly returnable: (level: QueryLevel) => readonly Tag[];
  /** The heads that retrieves under way hold, those of the other doors too. */
  readonly held: HeldPlaces;
  /** Absent where no codec can run: then nothing is converted. */
  readonly codecs?: CodecPool;
  /** The same codecs, for whole instances and for frames. */
  readonly transcoding?: TranscodeServices;
  /** For what store messages have waiting; absent in tests only. */
  readonly arriving?: ConversionMemory;
  readonly log: Log;
}

export interface HeldPlaces {
  holdFor(device: string): Disposable & {
    /** @throws LeadglassError OUT_OF_RESOURCES */
    add(): void;
  };
}
