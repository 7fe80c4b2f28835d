/** What a person asks for when a device is enrolled or openings are applied, as plain objects; checked here, once. */
import * as v from 'valibot';
import { LeadglassError } from '../error.ts';
import { openingTermsSchema, purposes } from './opening.ts';
import { schemaMistakes } from './schema-words.ts';

const terms = openingTermsSchema.entries;
const dateText = v.pipe(v.string(), v.maxLength(40));
const pem = v.pipe(v.string(), v.maxLength(65_536));

/** A certificate of somebody else, as keys/certificates reads it. */
const pinnedFacts = v.strictObject({
  fingerprint256: v.pipe(v.string(), v.regex(/^[0-9a-fA-F:]{64,95}$/, 'is not a SHA-256')),
  subject: v.pipe(v.string(), v.maxLength(4096)),
  serialNumber: v.pipe(v.string(), v.maxLength(128)),
  notBeforeMs: v.number(),
  notAfterMs: v.number(),
  extendedKeyUsage: v.exactOptional(v.pipe(v.array(v.string()), v.maxLength(64))),
  keyType: v.string(),
  keyBits: v.exactOptional(v.number()),
  signatureAlgorithm: v.exactOptional(v.string()),
});

/** One product rarely has more than three AE titles. */
const sharedWithMax = 16;

const certificateRequest = v.variant('kind', [
  /** Key and certificate are made here. */
  v.strictObject({ kind: v.literal('made-here') }),
  /** The key was made by whoever asks, and stays there; only its public half (SPKI, PEM) came here. */
  v.strictObject({ kind: v.literal('public-key'), publicKeyPem: pem }),
  /** The device keeps its key; our authority signs. */
  v.strictObject({ kind: v.literal('csr'), csrPem: pem }),
  /** Exactly this foreign certificate is trusted. */
  v.strictObject({
    kind: v.literal('pinned'),
    facts: pinnedFacts,
    /** The other AE titles of the same physical device that hold this certificate: all of them, by name. */
    sharedWith: v.exactOptional(v.pipe(v.array(terms.device), v.maxLength(sharedWithMax))),
  }),
]);
export type CertificateRequest = v.InferOutput<typeof certificateRequest>;

/** Host names and addresses; whoever issues checks their form. */
const serverNames = v.pipe(v.array(v.pipe(v.string(), v.maxLength(253))), v.minLength(1), v.maxLength(64));

export const deviceAddSchema = v.strictObject({
  aeTitle: terms.device,
  purpose: v.picklist(purposes),
  reason: terms.reason,
  until: dateText,
  from: v.exactOptional(dateText),
  /** Name of the opening; the AE title when absent. */
  name: v.exactOptional(terms.name),
  addresses: v.exactOptional(terms.addresses, []),
  /** DIMSE over TLS alone when absent: no other door is opened by not naming it. With `plain` always the plain one. */
  doors: v.exactOptional(terms.doors),
  /** What the purpose usually holds when absent. */
  operations: v.exactOptional(terms.operations),
  scope: v.exactOptional(terms.scope, {}),
  privateSopClasses: v.exactOptional(v.boolean(), false),
  moveDestinations: v.exactOptional(terms.moveDestinations, []),
  /** Under which it is called itself, as a move destination: its certificate is then good for that, too. */
  serverNames: v.exactOptional(serverNames),
  /** The exception for a device that cannot do TLS; it has no certificate then. */
  plain: v.exactOptional(
    v.strictObject({
      risk: v.pipe(v.string(), v.trim(), v.nonEmpty('is empty'), v.maxLength(1000)),
      port: v.exactOptional(v.number()),
    }),
  ),
  certificate: v.exactOptional(certificateRequest, { kind: 'made-here' }),
});
export type DeviceAdd = v.InferInput<typeof deviceAddSchema>;

export const deviceRenewSchema = v.strictObject({
  aeTitle: terms.device,
  until: dateText,
  serverNames: v.exactOptional(serverNames),
  /** `keep`: only the opening is prolonged. */
  certificate: v.exactOptional(v.union([v.strictObject({ kind: v.literal('keep') }), certificateRequest]), {
    kind: 'made-here',
  }),
});
export type DeviceRenew = v.InferInput<typeof deviceRenewSchema>;

/** One opening in an exported or applied file. */
const openingEntrySchema = v.strictObject({
  name: terms.name,
  device: terms.device,
  purpose: terms.purpose,
  doors: v.exactOptional(terms.doors, ['dimse-tls']),
  operations: v.exactOptional(terms.operations),
  scope: v.exactOptional(terms.scope, {}),
  addresses: v.exactOptional(terms.addresses, []),
  privateSopClasses: v.exactOptional(v.boolean(), false),
  moveDestinations: v.exactOptional(terms.moveDestinations, []),
  reason: terms.reason,
  owner: v.exactOptional(terms.owner),
  from: v.exactOptional(dateText),
  until: dateText,
  plain: terms.plain,
});
export type OpeningEntry = v.InferOutput<typeof openingEntrySchema>;

/** Many openings fit a hospital; a file with more is a mistake. */
export const openingDocumentSchema = v.strictObject({
  openings: v.pipe(v.array(openingEntrySchema), v.maxLength(10_000)),
});

/**
 * The checked request.
 * @throws LeadglassError BAD_REQUEST with every mistake and where it is
 */
export function checkRequest<S extends v.GenericSchema>(schema: S, request: unknown, action: string): v.InferOutput<S> {
  const result = v.safeParse(schema, request);
  if (result.success) return result.output;
  throw new LeadglassError('BAD_REQUEST', `Cannot ${action}: ${schemaMistakes(result.issues, 'request')}`);
}
