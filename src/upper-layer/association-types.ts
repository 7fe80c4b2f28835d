/**
 * What two application entities agree on (PS3.8 9.3.2, 9.3.3 and PS3.7 D.3.3): plain data, used by the PDU codec, the
 * association, the guard and the doors alike.
 */
import type { Uid } from '../dicom/uid.ts';

export interface PresentationContextProposal {
  /** Odd, 1 to 255. */
  readonly id: number;
  readonly abstractSyntax: Uid;
  readonly transferSyntaxes: readonly Uid[];
}

/** 0 acceptance, 1 user-rejection, 2 no-reason, 3 abstract-syntax-not-supported, 4 transfer-syntaxes-not-supported. */
export type PresentationContextResultCode = 0 | 1 | 2 | 3 | 4;

export interface PresentationContextResult {
  readonly id: number;
  readonly result: PresentationContextResultCode;
  /** Significant only when accepted. */
  readonly transferSyntax: Uid;
}

/** PS3.7 D.3.3.4: 54H. */
export interface RoleSelection {
  readonly sopClassUid: Uid;
  readonly scu: boolean;
  readonly scp: boolean;
}

/** PS3.7 D.3.3.5: 56H. */
export interface ExtendedNegotiation {
  readonly sopClassUid: Uid;
  readonly information: Uint8Array;
}

/** PS3.7 D.3.3.6: 57H. */
export interface CommonExtendedNegotiation {
  readonly sopClassUid: Uid;
  readonly serviceClassUid: Uid;
  readonly relatedGeneralSopClassUids: readonly Uid[];
}

/** PS3.7 D.3.3.7: 58H. 1 username, 2 username and passcode, 3 Kerberos, 4 SAML, 5 JSON Web Token; others kept as they are. */
export interface UserIdentity {
  readonly type: number;
  readonly positiveResponseRequested: boolean;
  readonly primaryField: Uint8Array;
  /** Passcode; zero length but for type 2. Never logged. */
  readonly secondaryField: Uint8Array;
}

export interface UserInformation {
  /** Largest P-DATA-TF variable field that the sender of this can receive; 0 is unlimited. */
  readonly maximumLength: number;
  readonly implementationClassUid: Uid;
  readonly implementationVersionName?: string;
  readonly asynchronousOperationsWindow?: { readonly invoked: number; readonly performed: number };
  readonly roleSelections: readonly RoleSelection[];
  readonly extendedNegotiations: readonly ExtendedNegotiation[];
  readonly commonExtendedNegotiations: readonly CommonExtendedNegotiation[];
  /** Only in a request. */
  readonly userIdentity?: UserIdentity;
  /** Only in an acceptance: 59H. */
  readonly userIdentityResponse?: Uint8Array;
}

export interface AssociateRequest {
  readonly protocolVersion: number;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly applicationContextName: Uid;
  readonly presentationContexts: readonly PresentationContextProposal[];
  readonly userInformation: UserInformation;
}

export interface AssociateAccept {
  readonly protocolVersion: number;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly applicationContextName: Uid;
  readonly presentationContexts: readonly PresentationContextResult[];
  readonly userInformation: UserInformation;
}

/** PS3.8 9.3.4. */
export interface AssociateReject {
  /** 1 permanent, 2 transient. */
  readonly result: 1 | 2;
  /** 1 service-user, 2 service-provider (ACSE), 3 service-provider (presentation). */
  readonly source: 1 | 2 | 3;
  readonly reason: number;
}

/** PS3.8 9.3.8. */
export interface Abort {
  /** 0 service-user, 2 service-provider. */
  readonly source: 0 | 2;
  readonly reason: number;
}

/** A presentation context that both sides agreed on. */
export interface AcceptedContext {
  readonly id: number;
  readonly abstractSyntax: Uid;
  readonly transferSyntax: Uid;
  /** May the requestor of the association act as SCU, and as SCP, for this context? */
  readonly requestorScu: boolean;
  readonly requestorScp: boolean;
}

/** A part of one PDV as it came from the socket; a PDV may be cut into several. `data` is only valid during the call. */
export interface PdvFragment {
  readonly presentationContextId: number;
  readonly isCommand: boolean;
  /** True on the final fragment of the last PDV of a command set or data set. */
  readonly isLast: boolean;
  readonly data: Uint8Array;
}
