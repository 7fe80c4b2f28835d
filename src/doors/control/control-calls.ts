/**
 * The calls of the control door and the arguments of each, checked once here. Schema and type come from one declaration.
 * What a call answers stands in control-services.ts; who may call is decided by the data folder's permissions.
 */
import * as v from 'valibot';
import { verdicts } from '../../guard/emergency-table.ts';
import { openingOperations, purposes } from '../../guard/opening.ts';
import { personOperations, roles } from '../../guard/roles.ts';
import { limits } from '../../limits.ts';

/** Bounds of one call: a person types it, so these are far above need and far below harm. */
const textLengthMax = 2000;
const listLengthMax = 64;
const rowsMax = 10_000;
const pemLengthMax = 64 * 1024;
const openingsMax = 5000;
const activityDaysMax = 90;

const text = v.pipe(v.string(), v.trim(), v.nonEmpty('must not be empty'), v.maxLength(textLengthMax));
const texts = v.pipe(v.array(text), v.maxLength(listLengthMax));
const pem = v.pipe(v.string(), v.maxLength(pemLengthMax), v.includes('-----BEGIN ', 'must be PEM text'));
const aeTitle = v.pipe(text, v.maxLength(16));
const uid = v.pipe(v.string(), v.regex(/^[0-9.]{1,64}$/, 'must be a UID: digits and dots, at most 64'));
/** A day, both in reach of four-digit years and real: 2026-02-30 is not. */
const day = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date such as 2027-06-30'),
  v.check((value) => {
    const time = Date.parse(`${value}T00:00:00Z`);
    return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
  }, 'must be a day of the calendar'),
);
/** A day, or the very moment: `2026-11-25T02:36:04.123Z`, as openings are exported that began within a day. */
const moment = v.union([
  day,
  v.pipe(v.string(), v.isoTimestamp('must be a date such as 2027-06-30 or a moment such as 2027-06-30T17:00:00Z')),
]);
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const rows = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(rowsMax)), 200);
const nothing = v.strictObject({});
const rowNumber = v.pipe(v.number(), v.integer(), v.minValue(1));
/** A word or two; "x" is no reason. */
const reasonLengthMin = 10;
/** `broken`: the client stopped before all was done. */
const sessionEnd = v.strictObject({
  session: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  how: v.optional(v.picklist(['done', 'broken']), 'done'),
});

/** Doors that a person can name; the plain one comes with its exception. */
export const openingDoors = ['dimse', 'web'] as const;
const doors = v.pipe(v.array(v.picklist(openingDoors)), v.minLength(1, 'must name a door'), v.maxLength(2));

const scope = v.strictObject({
  modalities: v.optional(texts),
  departments: v.optional(texts),
  studyDateFrom: v.optional(day),
  studyDateTo: v.optional(day),
  patientIdIssuers: v.optional(texts),
  ownStudiesOnly: v.optional(v.boolean()),
});
const moveDestination = v.strictObject({
  aeTitle,
  host: v.pipe(text, v.maxLength(253)),
  port,
  /** SHA-256 of exactly the certificate that it must show; absent: one of our own authority that names `host`. */
  trust: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in small hex digits'))),
});

/** Host names under which a device is itself called, as a move destination. */
const serverNames = v.optional(
  v.pipe(v.array(v.pipe(text, v.maxLength(253))), v.minLength(1), v.maxLength(listLengthMax)),
);

/** How the device proves who it is. The private key never comes here: the client makes it, or the device has it. */
const credential = v.variant('kind', [
  /** The command made a key pair; this is its public half (SPKI). */
  v.strictObject({ kind: v.literal('public-key'), pem }),
  /** The device made a certificate signing request. */
  v.strictObject({ kind: v.literal('csr'), pem }),
  /** A certificate of another authority; exactly this one is trusted. */
  v.strictObject({
    kind: v.literal('certificate'),
    pem,
    /** Other AE titles of the same physical device that hold it. */
    sharedWith: v.optional(v.pipe(v.array(aeTitle), v.maxLength(listLengthMax)), []),
  }),
  /** None: an own plain door, named addresses, at most 90 days. */
  v.strictObject({ kind: v.literal('plain'), risk: text, port: v.optional(port) }),
]);

/** One opening as `opening export` writes it and `opening apply` reads it. */
export const openingTerms = v.strictObject({
  name: v.pipe(text, v.maxLength(64)),
  device: aeTitle,
  purpose: v.picklist(purposes),
  operations: v.array(v.picklist(openingOperations)),
  /** Absent: DIMSE alone, or the plain door with its exception. */
  doors: v.optional(doors),
  addresses: v.optional(texts, []),
  scope: v.optional(scope, {}),
  privateSopClasses: v.optional(v.boolean(), false),
  moveDestinations: v.optional(v.pipe(v.array(moveDestination), v.maxLength(listLengthMax)), []),
  reason: text,
  from: v.optional(moment),
  until: moment,
  plain: v.optional(v.strictObject({ risk: text, port })),
});

const changeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const email = v.pipe(text, v.maxLength(254));

export const callSchemas = {
  status: nothing,
  deviceAdd: v.strictObject({
    aeTitle,
    purpose: v.picklist(purposes),
    reason: text,
    until: day,
    from: v.optional(day),
    credential,
    /** Absent: DIMSE alone, or the plain door with its exception. */
    doors: v.optional(doors),
    addresses: v.optional(texts, []),
    /** Absent: what the purpose usually needs. */
    operations: v.optional(v.array(v.picklist(openingOperations))),
    scope: v.optional(scope, {}),
    privateSopClasses: v.optional(v.boolean(), false),
    moveDestinations: v.optional(v.pipe(v.array(moveDestination), v.maxLength(listLengthMax)), []),
    serverNames,
  }),
  deviceList: nothing,
  deviceShow: v.strictObject({ aeTitle }),
  deviceRenew: v.strictObject({
    aeTitle,
    until: day,
    reason: v.optional(text),
    /** Absent: the certificate stays as it is and only the opening is prolonged. */
    credential: v.optional(credential),
    serverNames,
  }),
  /** Absent `minutes` and `opening`: what is usual, and the only one that has the web door. */
  deviceToken: v.strictObject({
    aeTitle,
    reason: text,
    opening: v.optional(v.pipe(text, v.maxLength(64))),
    minutes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  }),
  deviceTokenEnd: v.strictObject({ aeTitle, reason: text }),
  deviceRevoke: v.strictObject({ aeTitle, reason: text }),
  openingList: v.strictObject({ all: v.optional(v.boolean(), false) }),
  openingShow: v.strictObject({ name: text }),
  openingClose: v.strictObject({ name: text, reason: text }),
  openingExport: nothing,
  /**
   * `planned` is the digest of the difference that a person has seen; without it nothing is changed and the difference
   * is answered. A policy that changed in between has another digest and is refused.
   */
  openingApply: v.strictObject({
    openings: v.pipe(v.array(openingTerms), v.maxLength(openingsMax)),
    planned: v.optional(text),
  }),
  accountInvite: v.strictObject({
    email,
    /** Absent: the e-mail address. */
    name: v.optional(v.pipe(text, v.maxLength(200))),
    role: v.picklist(roles),
    /** Absent: without an end. */
    until: v.optional(day),
    reason: v.optional(text),
  }),
  /** An opening for a person, in the place of the one before. */
  accountOpen: v.strictObject({
    email,
    allow: v.pipe(v.array(v.picklist(personOperations)), v.minLength(1), v.maxLength(personOperations.length)),
    scope: v.optional(v.omit(scope, ['ownStudiesOnly']), {}),
    /** Of a researcher: for whom it is de-identified, and what of the patients the project may keep. */
    project: v.optional(v.pipe(text, v.maxLength(40))),
    options: v.optional(texts),
    addresses: v.optional(texts, []),
    until: day,
    reason: text,
  }),
  accountClose: v.strictObject({ email, reason: text }),
  accountOpenings: v.strictObject({ email }),
  accountList: nothing,
  accountShow: v.strictObject({ email }),
  accountDisable: v.strictObject({ email, reason: text }),
  accountReset: v.strictObject({ email, reason: text }),
  accountConfirm: v.strictObject({ email }),
  /** Without a workstation: tied to none. */
  accountTie: v.strictObject({
    email,
    passkey: v.pipe(text, v.maxLength(200)),
    workstation: v.optional(aeTitle),
    reason: text,
  }),
  accountSessions: v.strictObject({ email }),
  accountSessionsEnd: v.strictObject({ email, reason: text }),
  /** The own person's: exactly one patient, by the ID and one thing more that who treats the patient knows. */
  emergencyOpen: v.strictObject({
    patientId: v.pipe(text, v.maxLength(64)),
    issuer: v.optional(v.pipe(text, v.maxLength(64))),
    birthDate: v.optional(day),
    familyName: v.optional(v.pipe(text, v.maxLength(64))),
    reason: v.pipe(text, v.minLength(reasonLengthMin, `must say why, in ${reasonLengthMin} characters or more`)),
    minutes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(5), v.maxValue(limits.emergencyMsMax / 60_000))),
  }),
  emergencyEnd: nothing,
  emergencyOwnShow: nothing,
  emergencyList: v.strictObject({ all: v.optional(v.boolean(), false), rows }),
  emergencyShow: v.strictObject({ number: rowNumber }),
  emergencyReview: v.strictObject({ number: rowNumber, verdict: v.picklist(verdicts), words: text }),
  /** What waits for a second person. */
  confirmationList: nothing,
  confirmationGive: v.strictObject({ number: changeNumber }),
  confirmationRefuse: v.strictObject({ number: changeNumber, reason: text }),
  /** A program that may act for people. */
  clientAdd: v.strictObject({
    name: v.pipe(text, v.maxLength(64)),
    /** Absent: the name. */
    title: v.optional(v.pipe(text, v.maxLength(100))),
    redirectUris: v.pipe(v.array(v.pipe(text, v.maxLength(512))), v.minLength(1), v.maxLength(16)),
    scope: v.optional(v.pipe(text, v.maxLength(100)), 'user/ImagingStudy.rs'),
    until: day,
    reason: text,
  }),
  clientList: v.strictObject({ all: v.optional(v.boolean(), false) }),
  clientShow: v.strictObject({ name: text }),
  clientRemove: v.strictObject({ name: text, reason: text }),
  studyList: v.strictObject({
    patientId: v.optional(text),
    patientName: v.optional(text),
    accessionNumber: v.optional(text),
    modality: v.optional(text),
    from: v.optional(day),
    to: v.optional(day),
    removed: v.optional(v.boolean(), false),
    /** Only those that also arrived under another patient. */
    mismatched: v.optional(v.boolean(), false),
    rows,
  }),
  studyShow: v.strictObject({ studyInstanceUid: uid }),
  studyRemove: v.strictObject({ studyInstanceUid: uid, step: v.picklist(['request', 'undo', 'finish']), reason: text }),
  studyRelease: v.strictObject({ studyInstanceUid: uid, device: aeTitle, until: day, reason: text }),
  conflictList: v.strictObject({ rows }),
  conflictResolve: v.strictObject({
    id: v.pipe(v.number(), v.integer(), v.minValue(1)),
    keep: v.picklist(['stored', 'arrived']),
    reason: text,
  }),
  verify: nothing,
  indexRebuild: nothing,
  /** A person says that this machine's clock is right although it went backwards. */
  clockAccept: v.strictObject({ reason: text }),
  ledgerShow: v.strictObject({
    since: v.optional(text),
    who: v.optional(text),
    patient: v.optional(text),
    study: v.optional(uid),
    event: v.optional(text),
    rows,
  }),
  /** The whole chain, with the key beside it; an auditor uses `leadglass ledger verify` with a copy of his own. */
  ledgerVerify: nothing,
  /** Counts for charts; no names. */
  activityShow: v.strictObject({
    days: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(activityDaysMax)), 14),
  }),
  configShow: nothing,
  importBegin: nothing,
  importEnd: sessionEnd,
  exportBegin: v.strictObject({ studyInstanceUid: uid, reason: text }),
  exportEnd: sessionEnd,
} as const;

export type CallName = keyof typeof callSchemas;
/** As the service gets them: defaults filled in. */
export type CallArguments<N extends CallName> = v.InferOutput<(typeof callSchemas)[N]>;
/** As a client may send them. */
export type CallInput<N extends CallName> = v.InferInput<(typeof callSchemas)[N]>;
export type OpeningTermsText = v.InferOutput<typeof openingTerms>;
