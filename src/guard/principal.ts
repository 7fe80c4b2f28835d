/** Who is at the door, after the guard has looked at what they showed. */
import type { AeTitle } from '../dicom/ae-title.ts';

import type { PersonOperation, Role } from './roles.ts';
import type { WorkstationPurpose } from './workstations.ts';

export type Purpose = 'acquisition' | 'reading' | 'exchange' | 'archive' | WorkstationPurpose;

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
  /** Who sits at the device, proven by a user identity item of type 2 or 5: both must be allowed what is done. */
  readonly person?: DeviceUser;
}
/** Somebody with an account, at a DIMSE device. */
export interface DeviceUser {
  readonly account: string;
  readonly role: Role;
  /** Number of the passcode that was shown; not the passcode. */
  readonly passcodeId: number;
  readonly openingId?: number;
}
/** Somebody with an account, proven by two factors. */
export interface PersonPrincipal {
  readonly kind: 'person';
  /** E-mail address of the account: one person, never shared. */
  readonly account: string;
  readonly role: Role;
  /** Number of the session in which the two factors were shown, not its secret; 0 where another provider saw them. */
  readonly sessionId: number;
  /** The opening under which images are asked for; absent for who has none, and for roles that see none. */
  readonly openingId?: number;
  readonly address: string;
  /** Until then a second factor counts as just shown (step-up). */
  readonly freshUntilMs: number;
  /** Where the session was begun and is used; its purpose bounds what may be done. */
  readonly workstation?: WorkstationPlace;
  /** Only for who comes by an access token: the program that acts for the person, and how far. */
  readonly access?: ProgramAccess;
}
/** A person's rights in the hands of a program (OAuth 2.0): narrowed, never widened. */
export interface ProgramAccess {
  /** Number of the token, not the token itself. */
  readonly tokenId: number;
  /** By its client identifier. */
  readonly program: string;
  /** What the person let the program do; the role and the opening still bound it. */
  readonly operations: readonly PersonOperation[];
}
/** The workstation at which a person sits. */
export interface WorkstationPlace {
  readonly device: AeTitle;
  readonly purpose: WorkstationPurpose;
  readonly openingId: number;
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
export type Principal = DevicePrincipal | PersonPrincipal | OperatorPrincipal | SystemPrincipal;

/** Whoever comes through a door that strangers reach: counted, limited, and gone when the right ends. */
export type PeerPrincipal = DevicePrincipal | PersonPrincipal;

export function isPeer(principal: Principal): principal is PeerPrincipal {
  return principal.kind === 'device' || principal.kind === 'person';
}

/** Who takes turns with others at what all share: one device, one person. */
export function ownerOf(principal: Principal): string {
  switch (principal.kind) {
    case 'device':
      return principal.device;
    case 'person':
      return ownerOfPerson(principal.account);
    case 'operator':
    case 'system':
      return principal.kind;
  }
}

/** A backslash is the one printable character that no AE title can have (PS3.5 6.2): no device can name itself as a person. */
export function ownerOfPerson(account: string): string {
  return `person\\${account}`;
}

/** Does this principal's right hang on `owner`: the device, or a person at it, or the workstation at which the person sits? */
export function hangsOn(principal: PeerPrincipal, owner: string): boolean {
  if (ownerOf(principal) === owner) return true;
  if (principal.kind === 'person') return principal.workstation?.device === owner;
  return principal.person !== undefined && ownerOfPerson(principal.person.account) === owner;
}
