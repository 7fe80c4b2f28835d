/**
 * The opening of a person: the right of one account to do named operations at the web door on a named scope of data, with its
 * reason, owner and end date. As with devices, a changed one closes the old and makes a new one, so that the history stays.
 */
import * as v from 'valibot';
import { endSchema, networkSchema, type OpeningClosed, openingScopeSchema, textSchema } from './opening.ts';
import { type PersonOperation, personOperations, type Role, type RoleBounds, roleBounds, roles } from './roles.ts';

const entriesMax = 64;

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
  scope: v.omit(openingScopeSchema, ['ownStudiesOnly']),
  addresses: v.pipe(v.array(networkSchema), v.maxLength(entriesMax), v.readonly()),
  reason: textSchema(1000),
  owner: textSchema(256),
  validFromMs: endSchema,
  validUntilMs: endSchema,
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
  if (bounds.operations.length === 0) objections.push(emptyRoleWords(terms.role));
  for (const operation of terms.operations) {
    if (bounds.operations.length > 0 && !bounds.operations.includes(operation)) {
      objections.push(`role ${terms.role} can never hold ${operation}; it can hold ${bounds.operations.join(', ')}`);
    }
  }
  if (terms.validUntilMs <= terms.validFromMs) objections.push('the opening ends before it begins');
  const { studyDateFrom, studyDateTo } = terms.scope;
  if (studyDateFrom !== undefined && studyDateTo !== undefined && studyDateTo < studyDateFrom) {
    objections.push('the study dates end before they begin');
  }
  return objections;
}

function emptyRoleWords(role: Role): string {
  return role === 'researcher'
    ? 'role researcher sees de-identified studies only, and nothing is de-identified here yet'
    : `role ${role} sees no images, so there is nothing to open`;
}

/** What the role may usually do. */
export function usualOperations(role: Role): readonly PersonOperation[] {
  return roleBounds[role].usual;
}
