/**
 * What the control door needs from the rest of the house: one plain async function for each command. compose.ts builds
 * them over guard, ledger and archive; tests build them over nothing. Everything here is JSON-able, except the bytes of
 * import and export. Dates are ISO texts, days are YYYY-MM-DD, instants are UTC with a Z.
 */
import type { GuardSession } from '../../guard/session.ts';
import type { CallArguments, OpeningTermsText } from './control-calls.ts';

/**
 * Who called: somebody at the socket, or a person at the web door, whose session the guard has given. The right to call is the permission of the socket in the data folder (owner only). The name is what the
 * client says: Node tells no peer credentials of a Unix socket, so it is recorded as claimed. Somebody who can open the
 * socket is the same operating-system user, or root.
 */
export type Caller = { readonly user: string } | { readonly session: GuardSession };

export interface Call {
  readonly caller: Caller;
  /** For the ledger: `device add`. */
  readonly command: string;
  /** Fires when the client hangs up or the server stops. */
  readonly signal: AbortSignal;
  /** For long work; shown on a terminal only. */
  progress(event: ProgressEvent): void;
}
export interface ProgressEvent {
  readonly done: number;
  readonly total?: number;
  /** In the plural: `instances`. */
  readonly unit: string;
}

type Service<N extends keyof ResultOf> = (call: Call, given: CallArguments<N>) => Promise<ResultOf[N]>;

/**
 * Throws LeadglassError. BAD_REQUEST: wrong whatever the state (exit status 2). CONFLICT: right in itself, but not as things stand
 * now (1). NOT_FOUND, NOT_AUTHORIZED (retention), LEDGER_UNAVAILABLE, …
 */
export type ControlServices = { readonly [N in keyof ResultOf]: Service<N> } & {
  readonly beginImport: (call: Call) => Promise<ImportSession>;
  readonly beginExport: (call: Call, given: CallArguments<'exportBegin'>) => Promise<ExportSession>;
};

export interface ResultOf {
  readonly status: StatusReport;
  readonly deviceAdd: DeviceAdded;
  readonly deviceList: readonly DeviceView[];
  readonly deviceShow: {
    readonly device: DeviceView;
    readonly openings: readonly OpeningView[];
    /** Only of a workstation: whose sessions were begun at it and go on. */
    readonly signedIn?: readonly SignedInView[];
  };
  readonly deviceRenew: DeviceAdded;
  readonly deviceToken: DeviceTokenMade;
  readonly deviceTokenEnd: { readonly aeTitle: string; readonly tokensEnded: number };
  readonly deviceRevoke: DeviceRevoked;
  readonly openingList: readonly OpeningView[];
  readonly openingShow: OpeningView;
  readonly openingClose: { readonly name: string; readonly associationsEnded: number };
  readonly openingExport: { readonly openings: readonly OpeningTermsText[] };
  readonly openingApply: OpeningPlan;
  readonly accountInvite: AccountLink;
  readonly accountOpen: PersonOpeningView;
  readonly accountClose: { readonly email: string; readonly closed: number };
  readonly accountOpenings: readonly PersonOpeningView[];
  readonly accountList: readonly AccountView[];
  readonly accountShow: AccountShown;
  readonly accountDisable: { readonly sessionsEnded: number };
  readonly accountReset: AccountLink;
  readonly accountConfirm: { readonly email: string };
  readonly accountTie: { readonly email: string; readonly sessionsEnded: number };
  readonly accountSessions: readonly AccountSessionView[];
  readonly accountSessionsEnd: { readonly email: string; readonly sessionsEnded: number };
  readonly emergencyOpen: OwnEmergency;
  readonly emergencyEnd: OwnEmergency;
  readonly emergencyOwnShow: OwnEmergency;
  readonly emergencyList: { readonly emergencies: readonly EmergencyView[]; readonly more: boolean };
  readonly emergencyShow: EmergencyDetails;
  readonly emergencyReview: EmergencyView;
  readonly confirmationList: ConfirmationList;
  readonly confirmationGive: { readonly number: number; readonly summary: string };
  readonly confirmationRefuse: { readonly number: number; readonly summary: string };
  readonly clientAdd: ClientView;
  readonly clientList: readonly ClientView[];
  readonly clientShow: ClientView;
  readonly clientRemove: { readonly name: string };
  readonly studyList: { readonly studies: readonly StudyView[]; readonly more: boolean };
  readonly studyShow: StudyShown;
  readonly studyRemove: StudyRemoval;
  readonly studyRelease: { readonly studyInstanceUid: string; readonly device: string; readonly until: string };
  readonly conflictList: { readonly conflicts: readonly ConflictView[]; readonly more: boolean };
  readonly conflictResolve: { readonly id: number; readonly kept: 'stored' | 'arrived' };
  readonly verify: VerifyReport;
  readonly clockAccept: { readonly steady: boolean };
  readonly indexRebuild: { readonly instances: number; readonly studies: number; readonly skipped: number };
  readonly ledgerShow: { readonly records: readonly LedgerRecordView[]; readonly more: boolean };
  readonly ledgerVerify: LedgerVerdict;
  readonly activityShow: ActivityReport;
  readonly configShow: EffectiveSettings;
}

/** One import is one session in the ledger, whatever the number of files. */
export interface ImportSession {
  /**
   * Takes a whole DICOM file (PS3.10). Several may run at once. Resolves when it is safe.
   * @throws LeadglassError; the session goes on
   */
  store(part10: AsyncIterable<Uint8Array>): Promise<ImportOutcome>;
  /** Writes the ledger's record; `broken` when the client went away. */
  end(reason: 'done' | 'broken'): Promise<void>;
}
export interface ImportOutcome {
  readonly result: 'stored' | 'duplicate' | 'conflict';
  readonly studyInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly lengthBytes: number;
}

/** One export is one session in the ledger. */
export interface ExportSession {
  readonly instances: readonly ExportedInstance[];
  /** The whole file of that instance (PS3.10), digest checked before the last bytes come. */
  read(index: number): AsyncIterable<Uint8Array>;
  end(reason: 'done' | 'broken'): Promise<void>;
}
export interface ExportedInstance {
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly modality: string;
}

export interface StatusReport {
  readonly version: string;
  readonly startedAt: string;
  readonly dataDirectory: string;
  readonly aeTitle: string;
  readonly doors: readonly DoorView[];
  /** Of the HTTPS door, the preferred one first; empty while it is closed. */
  readonly certificates: readonly DoorCertificateView[];
  readonly openings: {
    readonly open: number;
    readonly expiringSoon: number;
    readonly neverUsed: number;
    readonly plain: number;
  };
  readonly devices: number;
  readonly associations: number;
  readonly archive: {
    readonly studies: number;
    readonly instances: number;
    readonly bytes: number;
    readonly conflicts: number;
    /** Studies that also arrived under another patient. */
    readonly mismatchedStudies: number;
  };
  readonly ledger: { readonly records: number; readonly head: string; readonly lastCheckpointAt?: string };
  /** Absent: there is none yet. */
  readonly lastBackupAt?: string;
  /** Whole sentences that say what to do. */
  readonly warnings: readonly string[];
}
export interface DoorView {
  readonly name: string;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

export interface DoorCertificateView {
  readonly door: string;
  readonly from: 'own-authority' | 'files' | 'acme';
  /** Host names and addresses that it is for. */
  readonly names: readonly string[];
  readonly issuer: string;
  readonly notAfter: string;
  readonly fingerprint256: string;
}

export interface AccountView {
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly state: 'invited' | 'active' | 'ended' | 'disabled';
  readonly until?: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly disabled?: { readonly at: string; readonly by: string; readonly reason: string };
}
export interface AccountLink {
  readonly account: AccountView;
  /** Told once; good once. */
  readonly link: string;
  readonly until: string;
  /** Not good before a second person has confirmed it. */
  readonly needsConfirmation: boolean;
}
export interface AccountSessionView {
  readonly number: number;
  readonly method: string;
  readonly createdAt: string;
  readonly usedAt: string;
  readonly address: string;
  readonly userAgent: string;
  /** Name of the workstation at which it was begun. */
  readonly workstation?: string;
}
export interface AccountShown {
  readonly account: AccountView;
  readonly factors: readonly string[];
  /** Who it is at the hospital's provider, when it signs in there. */
  readonly provider?: {
    readonly issuer: string;
    readonly subject: string;
    readonly since: string;
    readonly department?: string;
  };
  /** `workstation`: in which it lives. */
  readonly passkeys: readonly { readonly name: string; readonly suspended: boolean; readonly workstation?: string }[];
  readonly recoveryCodesLeft: number;
  readonly sessions: readonly AccountSessionView[];
  readonly invitation?: { readonly kind: 'enrol' | 'reset'; readonly until: string; readonly confirmed: boolean };
  readonly history: readonly {
    readonly at: string;
    readonly by: string;
    readonly what: string;
    readonly reason: string;
  }[];
}

/** What a person asked for; nothing of it is open before a second one has confirmed it. */
export interface WaitingView {
  readonly number: number;
  readonly kind: 'device-add' | 'device-renew' | 'device-token' | 'opening-apply';
  readonly summary: string;
  /** As whoever asked gave it; absent where none is asked for. */
  readonly reason?: string;
  readonly askedBy: string;
  readonly askedAt: string;
  /** First moment at which it cannot be confirmed any more. */
  readonly until: string;
  /** Nobody else has an account that could confirm: an operator at the server can. */
  readonly operatorOnly: boolean;
}
export interface ConfirmationList {
  readonly changes: readonly WaitingView[];
  /** Links for lost factors; confirmed by `account confirm`. */
  readonly links: readonly { readonly email: string; readonly askedBy: string; readonly until: string }[];
}

export interface DeviceView {
  readonly aeTitle: string;
  readonly purpose: string;
  readonly state: 'active' | 'expired' | 'revoked';
  readonly reason: string;
  readonly owner: string;
  readonly enrolledAt: string;
  readonly certificates: readonly CertificateView[];
  readonly openings: readonly string[];
  readonly lastUsedAt?: string;
  readonly warnings: readonly string[];
}
export interface CertificateView {
  /** SHA-256 in hex. */
  readonly fingerprint256: string;
  readonly origin: 'own' | 'pinned';
  readonly subject: string;
  readonly notAfter: string;
  readonly state: 'valid' | 'expired' | 'revoked';
}
export interface DeviceAdded {
  readonly device: DeviceView;
  readonly opening: OpeningView;
  /** Of our authority; absent with a pinned certificate or a plain exception. */
  readonly certificatePem?: string;
  /** Of the authority that signed our own certificate: what the device must trust. */
  readonly authorityPem: string;
  /** Where the device calls. */
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly aeTitle: string;
    readonly tls: boolean;
  };
  /** Where DICOMweb is, when the opening has that door and it is open. */
  readonly webBaseUrl?: string;
  readonly warnings: readonly string[];
  /** Not done yet: a second person has to confirm. */
  readonly waiting?: WaitingView;
}
export interface DeviceTokenMade {
  readonly aeTitle: string;
  readonly opening: string;
  /** As the ledger names it. */
  readonly number: number;
  /** The secret itself; told this once. */
  readonly token: string;
  readonly until: string;
  /** Absent while the web door is closed. */
  readonly baseUrl?: string;
  /** Not good yet: a second person has to confirm. */
  readonly waiting?: WaitingView;
}
/** A person who is signed in at a workstation. */
export interface SignedInView {
  readonly email: string;
  readonly usedAt: string;
}
export interface DeviceRevoked {
  readonly aeTitle: string;
  readonly certificatesRevoked: number;
  /** Other AE titles whose certificate went with it, since it was the same: each needs a new one. */
  readonly sharedWith: readonly string[];
  readonly openingsClosed: number;
  readonly associationsEnded: number;
}

export interface OpeningView extends OpeningTermsText {
  readonly id: number;
  /** The first of them. */
  readonly door: 'dimse-tls' | 'dimse-plain' | 'web';
  /** All, as the guard names them. */
  readonly openDoors: readonly ('dimse-tls' | 'dimse-plain' | 'web')[];
  /** `waiting` only in the answer to who asked for it. */
  readonly state: 'open' | 'waiting' | 'not-yet' | 'ended' | 'closed';
  readonly owner: string;
  readonly createdAt: string;
  readonly lastUsedAt?: string;
  readonly useCount: number;
  readonly closed?: { readonly at: string; readonly by: string; readonly reason: string };
  readonly warnings: readonly string[];
}
export interface OpeningPlan {
  readonly changes: readonly {
    readonly kind: 'open' | 'change' | 'close';
    readonly name: string;
    /** What differs, one line each: `until: 2027-01-01 -> 2027-06-30`. */
    readonly lines: readonly string[];
  }[];
  /** To be sent back as `planned`. */
  readonly digest: string;
  readonly applied: boolean;
  /** Not applied yet: a second person has to confirm. */
  readonly waiting?: WaitingView;
}

export interface StudyView {
  readonly studyInstanceUid: string;
  readonly patientId: string;
  readonly patientName: string;
  readonly studyDate: string;
  readonly accessionNumber: string;
  readonly description: string;
  readonly modalities: readonly string[];
  readonly series: number;
  readonly instances: number;
  readonly bytes: number;
  readonly lastReceivedAt?: string;
  readonly retainedUntil?: string;
  /** Instances that arrived under another Patient ID or issuer than the study's first one. */
  readonly mismatchedInstances: number;
  readonly state: 'stored' | 'removal-requested';
}
export interface StudyShown {
  readonly study: StudyView;
  readonly series: readonly SeriesView[];
  /** Those with the most instances first. */
  readonly patientMismatches: readonly PatientMismatchView[];
  /** To whom it was ever released, oldest first. */
  readonly releases: readonly ReleaseView[];
  /** Only of a study whose removal was requested. */
  readonly removal?: RemovalView;
}
export interface RemovalView {
  readonly requestedAt: string;
  /** As the ledger has it: `operator ada`. Absent when the ledger does not reach back so far. */
  readonly by?: string;
  readonly reason?: string;
}
export interface ReleaseView {
  readonly device: string;
  readonly by: string;
  readonly reason: string;
  readonly releasedAt: string;
  /** First moment at which it is not released any more. */
  readonly until: string;
  readonly state: 'released' | 'ended' | 'withdrawn';
}
/** Under whom instances of a study arrived as well. */
export interface PatientMismatchView {
  readonly patientId: string;
  readonly issuerOfPatientId: string;
  readonly patientName: string;
  readonly instances: number;
}
export interface SeriesView {
  readonly seriesInstanceUid: string;
  readonly seriesNumber: string;
  readonly modality: string;
  readonly description: string;
  readonly instances: number;
}
export interface StudyRemoval {
  readonly studyInstanceUid: string;
  readonly step: 'request' | 'undo' | 'finish';
  readonly instances: number;
}

export interface ConflictView {
  readonly id: number;
  readonly arrivedAt: string;
  readonly from: string;
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly storedSha256: string;
  readonly arrivedSha256: string;
}

export interface VerifyReport {
  readonly intact: boolean;
  readonly instances: number;
  readonly bytes: number;
  /** At most 1000; `problemCount` counts all. */
  readonly problems: readonly { readonly where: string; readonly what: string }[];
  readonly problemCount: number;
}

export interface LedgerRecordView {
  readonly seq: number;
  readonly at: string;
  readonly event: string;
  readonly outcome: 'success' | 'minor failure' | 'serious failure' | 'major failure';
  readonly who: string;
  readonly from?: string;
  readonly opening?: string;
  readonly patientIds: readonly string[];
  readonly studyInstanceUids: readonly string[];
  readonly reason?: string;
}

/** As `leadglass ledger verify --json` prints it. */
export type LedgerVerdict =
  | {
      readonly intact: true;
      readonly records: number;
      readonly head: { readonly seq: number; readonly hash: string };
      readonly checkpoints: number;
      readonly lastCheckpoint: { readonly seq: number; readonly at: string };
      readonly unfinishedEnd: boolean;
    }
  | {
      readonly intact: false;
      readonly firstBad: { readonly seq?: number; readonly file: string; readonly line?: number };
      readonly reason: string;
    };

/** How things went, by days in UTC, oldest first; days without anything are among them. */
export interface ActivityReport {
  readonly days: readonly ActivityDay[];
  /** Set when older records were too many to be counted: the days before this moment are counted in part. */
  readonly countedFrom?: string;
}
export interface ActivityDay {
  readonly day: string;
  /** Transfers of a study that ended: stored here or imported, and handed out or exported. */
  readonly received: number;
  readonly sent: number;
  readonly searches: number;
  /** Whoever was turned away, for whatever reason. */
  readonly refused: number;
}

export interface EffectiveSettings {
  readonly groups: readonly SettingsGroup[];
}
export interface SettingsGroup {
  /** `doors.dimse`; empty for the keys at the top. */
  readonly path: string;
  readonly explanation: string;
  readonly settings: readonly SettingView[];
}
export interface SettingView {
  /** `doors.dimse.port` */
  readonly path: string;
  /** As it would stand in leadglass.yaml; `[redacted]` for a secret. */
  readonly value: string;
  readonly preset: string;
  /** What may stand there, for people. */
  readonly values: string;
  readonly explanation: string;
}

/** A program that may act for people, and what it is to be told of us. */
export interface ClientView {
  /** Its client identifier; there is no secret. */
  readonly name: string;
  readonly title: string;
  readonly redirectUris: readonly string[];
  /** The most it may ask for. */
  readonly scope: string;
  readonly reason: string;
  readonly owner: string;
  readonly from: string;
  readonly until: string;
  readonly state: 'open' | 'ended' | 'removed';
  readonly lastUsedAt?: string;
  /** Where it finds the authorization server and DICOMweb; absent while the door is closed. */
  readonly issuer?: string;
  readonly resource?: string;
  readonly removed?: { readonly at: string; readonly by: string; readonly reason: string };
}

/** What one person may do with images. */
export interface PersonOpeningView {
  readonly number: number;
  readonly email: string;
  readonly role: string;
  readonly allow: readonly string[];
  readonly scope: {
    readonly modalities?: readonly string[];
    readonly departments?: readonly string[];
    readonly studyDateFrom?: string;
    readonly studyDateTo?: string;
    readonly patientIdIssuers?: readonly string[];
    /** Of a researcher: the project, and the options of the de-identification. */
    readonly deIdentified?: { readonly project: string; readonly options: readonly string[] };
  };
  readonly addresses: readonly string[];
  readonly reason: string;
  readonly owner: string;
  readonly from: string;
  readonly until: string;
  readonly state: 'open' | 'not-yet' | 'ended' | 'closed';
  readonly closed?: { readonly at: string; readonly by: string; readonly reason: string };
}

/** Emergency access as the person sees it who may use it. */
export interface OwnEmergency {
  /** False where it would widen nothing: without an opening of one's own, and with one that reaches every study. */
  readonly mayOpen: boolean;
  /** How many more patients within a day. */
  readonly left: number;
  readonly minutesMax: number;
  readonly minutesUsual: number;
  /** Open in this session, which sees that patient and nobody else meanwhile. */
  readonly open?: {
    readonly number: number;
    readonly patientId: string;
    readonly issuer: string;
    readonly reason: string;
    readonly from: string;
    readonly until: string;
  };
}

/** As who reviews it sees it. */
export interface EmergencyView {
  readonly number: number;
  readonly email: string;
  readonly role: string;
  readonly patientId: string;
  /** Of the Patient ID; empty where the images have none. */
  readonly issuer: string;
  readonly reason: string;
  readonly from: string;
  readonly until: string;
  readonly state: 'open' | 'to-review' | 'reviewed';
  /** Waits for its review for too long. */
  readonly overdue: boolean;
  /** Absent while it lasts. */
  readonly ended?: { readonly at: string; readonly how: string };
  readonly review?: {
    readonly at: string;
    readonly by: string;
    readonly verdict: 'justified' | 'unjustified';
    readonly words: string;
  };
}

export interface EmergencyDetails {
  readonly emergency: EmergencyView;
  /** What the person did meanwhile, oldest first. */
  readonly uses: readonly {
    readonly seq: number;
    readonly at: string;
    readonly event: string;
    readonly patientIds: readonly string[];
    readonly studyInstanceUids: readonly string[];
    readonly isRefused: boolean;
  }[];
  readonly more: boolean;
}
