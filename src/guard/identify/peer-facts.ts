/** What a peer showed at the door, as the door saw it; nothing of it is proven yet. */
import type { UserIdentity } from '../../upper-layer/association-types.ts';
import type { OpeningDoor } from '../opening.ts';

export interface PeerFacts {
  readonly door: OpeningDoor;
  /** Local TCP port; on a plain door it tells which opening the door belongs to. */
  readonly localPort?: number;
  readonly address: string;
  /** Absent when none was shown, and always on a plain door. */
  readonly certificate?: CertificateFacts;
  /** Only at the web door: what followed `Authorization: Bearer`, unchecked. */
  readonly token?: string;
  /** Only at the web door: the secret of a person's session, unchecked. */
  readonly session?: string;
  /** As they came, unchecked; empty at the web door, which knows none. */
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly userIdentity?: UserIdentity;
}

/** Of the client certificate and of its check by TLS. */
export interface CertificateFacts {
  /** SHA-256 of the whole certificate in hex; colons and upper case are taken too. */
  readonly fingerprint256: string;
  readonly subject: string;
  readonly serialNumber: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** `socket.authorized` and `socket.authorizationError`: chain, dates, revocation list and purpose as OpenSSL sees them. */
  readonly authorized: boolean;
  readonly authorizationError?: string;
  /** OIDs of the extended key usage; absent when the certificate has no such extension. */
  readonly extendedKeyUsage?: readonly string[];
  /** `rsa`, `ec`, `ed25519` … as node:crypto names it, with its size in bits where that means something. */
  readonly keyType: string;
  readonly keyBits?: number;
  /** For instance `ecdsa-with-SHA256`; absent when unknown. */
  readonly signatureAlgorithm?: string;
}
