/**
 * The opening of a person: the right of one account to do named operations at the web door on a named scope of data, with its
 * reason, owner and end date. As with devices, a changed one closes the old and makes a new one, so that the history stays.
 */
import * as v from 'valibot';
import type { DeIdentifyOption } from '../dicom/de-identify/options.ts';
import { addressAllowed } from './identify/address.ts';
import {
  endSchema,
  networkSchema,
  type OpeningClosed,
  openingScopeSchema,
  openingState,
  textSchema,
} from './opening.ts';
import {
  type PersonOperation,
  personOperations,
  type Role,
  type RoleBounds,
  roleBounds,
  roleCommands,
  roles,
} from './roles.ts';

const entriesMax = 64;

/** What an emergency opens: looking. Whatever takes images out or changes them is for the usual way. */
export const emergencyOperations: readonly PersonOperation[] = ['find', 'get'];

const patientSchema = v.strictObject({
  patientId: v.pipe(v.string(), v.nonEmpty('names nobody'), v.maxLength(256)),
  issuer: v.pipe(v.string(), v.maxLength(256)),
});
/** The name of a project, as part of a key's name. */
export const projectForm = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
export const noProjectWords = 'is no name of a project: small letters, digits and hyphens';

/**
 * What a project may keep of its patients. Not UIDs nor dates as they are: either leads back to the original at once; and what cleans
 * reports and graphics is not needed, since none is handed out.
 */
export const projectOptions = [
  'retain-modified-dates',
  'retain-patient-characteristics',
  'retain-device-identity',
  'retain-institution-identity',
  'retain-safe-private',
  'clean-descriptors',
] as const satisfies readonly DeIdentifyOption[];

/** What is decided about it; numbers and states are added when it is made. */
export const personOpeningTermsSchema = v.strictObject({
  /** The account's e-mail address, as `people/` writes it. */
  account: v.pipe(textSchema(254), v.regex(/^[^\s@]+@[^\s@]+$/, 'is not an e-mail address')),
  role: v.picklist(roles),
  operations: v.pipe(
    v.array(v.picklist(personOperations)),
    v.minLength(1, 'names no operation'),
    v.maxLength(personOperations.length),
    v.readonly(),
  ),
  scope: v.strictObject({
    ...v.omit(openingScopeSchema, ['ownStudiesOnly']).entries,
    /** Only of an emergency, and then exactly one. */
    patients: v.exactOptional(v.pipe(v.array(patientSchema), v.length(1, 'names more than one patient'), v.readonly())),
    deIdentified: v.exactOptional(
      v.strictObject({
        project: v.pipe(v.string(), v.regex(projectForm, noProjectWords)),
        options: v.pipe(v.array(v.picklist(projectOptions)), v.maxLength(projectOptions.length), v.readonly()),
      }),
    ),
  }),
  addresses: v.pipe(v.array(networkSchema), v.maxLength(entriesMax), v.readonly()),
  reason: textSchema(1000),
  owner: textSchema(256),
  validFromMs: endSchema,
  validUntilMs: endSchema,
  /** Opened by the person in an emergency, for the session in which that was asked for and no other (emergency.ts). */
  emergency: v.exactOptional(v.strictObject({ sessionId: v.pipe(v.number(), v.safeInteger()) })),
});

export type PersonOpeningTerms = v.InferOutput<typeof personOpeningTermsSchema>;

export interface PersonOpening extends PersonOpeningTerms {
  readonly id: number;
  readonly createdAtMs: number;
  readonly closed?: OpeningClosed;
}

/** Everything that is wrong with these terms, in words; an empty list means that the opening may be made. */
export function objectionsToPerson(terms: PersonOpeningTerms): string[] {
  const objections: string[] = [];
  const bounds: RoleBounds = roleBounds[terms.role];
  if (bounds.operations.length === 0) objections.push(`role ${terms.role} sees no images, so there is nothing to open`);
  const hasProject = terms.scope.deIdentified !== undefined;
  if (terms.role === 'researcher' && !hasProject) {
    objections.push(
      'role researcher sees de-identified studies only: the opening must name the project that they are for',
    );
  }
  if (terms.role !== 'researcher' && hasProject) objections.push('only a researcher works for a project');
  for (const operation of terms.operations) {
    if (bounds.operations.length > 0 && !bounds.operations.includes(operation)) {
      objections.push(`role ${terms.role} can never hold ${operation}; it can hold ${bounds.operations.join(', ')}`);
    }
  }
  if (terms.validUntilMs <= terms.validFromMs) objections.push('the opening ends before it begins');
  objections.push(...objectionsToEmergency(terms));
  const { studyDateFrom, studyDateTo } = terms.scope;
  if (studyDateFrom !== undefined && studyDateTo !== undefined && studyDateTo < studyDateFrom) {
    objections.push('the study dates end before they begin');
  }
  return objections;
}

/** An emergency is one patient, looking only, for a role that may; one patient alone is an emergency. */
function objectionsToEmergency({ role, operations, scope, emergency }: PersonOpeningTerms): string[] {
  if (emergency === undefined && scope.patients === undefined) return [];
  if (emergency === undefined) return ['a single patient is opened in an emergency only'];
  const objections: string[] = [];
  if (!roleCommands(role, 'emergency open')) objections.push(`role ${role} has no emergency access`);
  if (Object.keys(scope).join() !== 'patients') objections.push('an emergency opens one patient');
  if (operations.some((operation) => !emergencyOperations.includes(operation))) {
    objections.push(`an emergency opens ${emergencyOperations.join(' and ')} only`);
  }
  return objections;
}

/** Does it hold for somebody of this role, at this address, now? */
export function holdsFor(
  opening: PersonOpening,
  { role, address, nowMs }: { readonly role: Role; readonly address: string; readonly nowMs: number },
): boolean {
  return (
    openingState(opening, nowMs) === 'open' &&
    opening.role === role &&
    objectionsToPerson(opening).length === 0 &&
    addressAllowed(opening.addresses, address)
  );
}

/** The emergency that is open in this very session. */
export function emergencyOf(
  openings: readonly PersonOpening[],
  { sessionId, nowMs }: { readonly sessionId: number; readonly nowMs: number },
): PersonOpening | undefined {
  return openings.find((one) => one.emergency?.sessionId === sessionId && openingState(one, nowMs) === 'open');
}

/** What the role may usually do. */
export function usualOperations(role: Role): readonly PersonOperation[] {
  return roleBounds[role].usual;
}
