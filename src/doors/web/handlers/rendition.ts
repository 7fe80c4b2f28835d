/**
 * What an instance that is no picture can be had as (PS3.18 8.7.4): the same shape for reports, encapsulated documents, waveforms
 * and videos, so that negotiation, conditions, ranges and the ledger are in one place (documents.ts).
 */
import { createHash } from 'node:crypto';
import type { StoredInstance } from '../../../backends/backend.ts';
import { pageStyle } from '../../../rendering/documents/page.ts';
import type { ByteRange } from '../http/range.ts';
import type { WebLimits } from '../web-handler.ts';

export interface Rendition {
  /** What is negotiated; in lower case. */
  readonly mediaType: string;
  /** What is sent, where it says more. */
  readonly contentType?: string;
  /** Content-Disposition and the like; the policy that holds it down is added. */
  readonly headers?: readonly (readonly [string, string])[];
  /** Of the one style sheet within, `sha256-…`; without one nothing may style it. */
  readonly styleDigest?: string;
  /** Its links lead on to other resources of this door. */
  readonly hasLinks?: boolean;
  /** Is made here, so that its bytes depend on our version and on the base URI; else they are as they are stored. */
  readonly isMade: boolean;
  /** Where it is known beforehand; only with `readRange`. */
  readonly lengthBytes?: number;
  read(): AsyncIterable<Uint8Array>;
  readonly readRange?: (range: ByteRange) => AsyncIterable<Uint8Array>;
}

export interface RenditionFacts {
  readonly instance: StoredInstance;
  readonly limits: WebLimits;
  readonly baseUrl: string;
}

/** Of the style sheet of all pages, for their policy. */
export const pageStyleDigest: string = styleDigestOf(pageStyle);

export function styleDigestOf(style: string): string {
  return `sha256-${createHash('sha256').update(style).digest('base64')}`;
}
