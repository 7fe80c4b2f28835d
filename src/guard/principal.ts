/** Who is at the door, after the guard has looked at what they showed. */
import type { AeTitle } from '../dicom/ae-title.ts';

export type Purpose = 'acquisition' | 'reading' | 'exchange' | 'archive';

/** A device that an opening names. */
export interface DevicePrincipal {
  readonly kind: 'device';
  /** Name of the device: its AE title at enrolment. */
  readonly device: AeTitle;
  readonly openingId: number;
  readonly purpose: Purpose;
  readonly address: string;
  /** SHA-256 of the client certificate in hex; absent on a plain door. */
  readonly certificateFingerprint?: string;
  /** Number of the token that it came with; only at the web door. */
  readonly tokenId?: number;
  /** What a user identity item of type 1 said; recorded, never a right. */
  readonly userName?: string;
}
/** Somebody whom the operating system lets open the control socket in the data folder. */
export interface OperatorPrincipal {
  readonly kind: 'operator';
  readonly user: string;
}
/** Leadglass itself: start-up recovery, scheduled jobs. */
export interface SystemPrincipal {
  readonly kind: 'system';
  readonly job: string;
}
export type Principal = DevicePrincipal | OperatorPrincipal | SystemPrincipal;
