/**
 * Why the guard says no: one closed list for identification and for operations. The reason goes to the ledger; the peer
 * sees one of very few answers, so that a stranger learns nothing from being refused.
 */
import { LeadglassError } from '../error.ts';
import type { AssociateReject } from '../upper-layer/association-types.ts';

/** Each reason in words for the ledger and for the person who reads it. */
export const refusalReasons = {
  // who is at the door
  'certificate-missing': 'no client certificate was shown',
  'certificate-unknown': 'the certificate comes from our authority but no device holds it',
  'certificate-foreign': 'the certificate comes from an authority that is not trusted and is not pinned',
  'certificate-expired': 'the certificate has expired',
  'certificate-not-yet-valid': 'the certificate is not valid yet',
  'certificate-revoked': 'the certificate was revoked',
  'certificate-purpose': 'the certificate is not meant for clients (extended key usage)',
  'certificate-weak': 'the certificate has a weak key or a weak signature',
  'calling-ae-title': 'the calling AE title is not the one that was enrolled',
  'called-ae-title': 'the called AE title is not ours',
  'credential-missing': 'neither a client certificate nor a token was shown',
  'token-unknown': 'the token is none of ours, has expired or was ended',
  'token-ended': 'the token was ended',
  'token-expired': 'the token has expired',
  'session-unknown': 'the session is none of ours, has ended, or its account is disabled',
  'session-over': 'the session has ended: signed out, idle, too old, or the account is disabled',
  'credentials-differ': 'certificate and token belong to different devices',
  'workstation-differs': 'the session was begun at another workstation, or at none',
  'device-ambiguous': 'the certificate stands for several devices with an opening of this door',
  address: 'the address is not one of those that the opening names',
  door: 'no opening names this door',
  'device-unknown': 'no such device is enrolled',
  'device-revoked': 'the device was revoked',
  'user-identity': 'the user identity was not accepted',
  'user-identity-kind': 'user identity of this type is not supported',
  'user-identity-plain': 'user identity with a secret was sent through a door without TLS',
  'user-identity-over': 'the passcode of the person at the device has ended, or the account is disabled',
  // how much they do
  'too-many-failures': 'too many failed identifications from this address',
  'too-many-associations': 'too many associations at once',
  'too-many-operations': 'too many operations per second',
  // what they may do
  'no-opening': 'no opening exists',
  'opening-not-yet': 'the opening has not begun',
  'opening-ended': 'the opening has ended',
  'opening-closed': 'the opening was closed',
  purpose: 'the purpose of the opening can never hold this operation',
  operation: 'the opening does not name this operation',
  'sop-class': 'the opening does not cover this SOP class',
  destination: 'the opening does not name this move destination',
  'outside-scope': 'what was asked for is outside the scope of the opening',
  'session-ended': 'the association has ended',
  role: 'the role of the person can never hold this operation',
  'step-up': 'a fresh second factor is needed for this',
  'token-scope': 'the program was not let do this by the person whose token it has',
  'workstation-purpose': 'the purpose of the workstation can never hold this operation',
  'workstation-missing': 'the role works at enrolled workstations only',
  // what makes all service stop
  clock: 'the clock went backwards',
} as const;

export type RefusalReason = keyof typeof refusalReasons;

/** A refusal. `message` says the same for every reason of its kind; `reason` is for the ledger and the log. */
export class RefusedError extends LeadglassError {
  readonly reason: RefusalReason;
  /** What an A-ASSOCIATE-RJ says, when the refusal happens at association request. */
  readonly rejection: AssociateReject;

  constructor(
    code: 'NOT_AUTHENTICATED' | 'NOT_AUTHORIZED' | 'LIMIT_EXCEEDED',
    reason: RefusalReason,
    { isProven = false }: { readonly isProven?: boolean } = {},
  ) {
    super(code, refusalMessages[code], { detail: `${reason}: ${refusalReasons[reason]}` });
    this.reason = reason;
    this.rejection = rejectionFor(reason, isProven);
  }
}

const refusalMessages = {
  NOT_AUTHENTICATED: 'Not admitted: this peer is not known here; ask the administrator for an opening',
  NOT_AUTHORIZED: 'Not admitted: no opening allows this; ask the administrator',
  LIMIT_EXCEEDED: 'Not admitted: too much at once; try again later',
} as const;

/**
 * One rejection for everybody who is not known (PS3.8 9.3.4: permanent, service-user, calling-AE-title-not-recognized),
 * whatever was wrong. Only a peer that has proven certificate, AE title and address is told more: that the called AE title
 * is not ours, that there are too many associations. PS3.7 D.3.3.7.3: a failed user identity is rejected by the
 * service-provider (ACSE), permanently.
 */
export function rejectionFor(reason: RefusalReason, isProven: boolean): AssociateReject {
  switch (reason) {
    case 'called-ae-title':
      return { result: 1, source: 1, reason: isProven ? 7 : 3 };
    case 'user-identity':
    case 'user-identity-kind':
    case 'user-identity-plain':
      return { result: 1, source: 2, reason: 1 };
    case 'too-many-associations':
    case 'too-many-operations':
      return { result: 2, source: 3, reason: 2 };
    case 'clock':
      return { result: 2, source: 3, reason: 1 };
    default:
      return { result: 1, source: 1, reason: 3 };
  }
}
