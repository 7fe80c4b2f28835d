/** What is being opened to a person: the form as typed, what is wrong with it, and the call that it becomes. Pure. */
import type { CallInput } from '../../../../src/doors/control/control-calls.ts';
import type { PersonOpeningView } from '../../../../src/doors/control/control-services.ts';
import {
  type PersonOperation,
  personOperations,
  type Role,
  type RoleBounds,
  roleBounds,
} from '../../../../src/guard/roles.ts';
import { dayFromNow } from '../../model/openings.ts';
import { listOf } from '../devices/device-draft.ts';

export interface ImagesDraft {
  readonly allow: readonly PersonOperation[];
  readonly until: string;
  readonly reason: string;
  /** As typed, with commas or spaces. */
  readonly modalities: string;
  /** As typed, with commas: their names have spaces. */
  readonly departments: string;
  readonly studyDateFrom: string;
  readonly studyDateTo: string;
  readonly addresses: string;
  readonly project: string;
  readonly options: readonly string[];
}

export type ImagesFault = 'missing' | 'none-chosen' | 'past' | 'dates' | 'project';
export type ImagesFaults = Partial<Record<keyof ImagesDraft, ImagesFault>>;

/** The fields that stand folded away until they are needed. */
export const narrowing = ['modalities', 'departments', 'studyDateFrom', 'studyDateTo', 'addresses'] as const;

export const boundsOf = (role: Role): RoleBounds => roleBounds[role];

export function neverHeld(role: Role): readonly PersonOperation[] {
  return personOperations.filter((operation) => !boundsOf(role).operations.includes(operation));
}

/** What is usual for the role, or what is open now. @param present that which the new one will replace */
export function draftOf(role: Role, present: PersonOpeningView | undefined): ImagesDraft {
  const { operations, usual } = boundsOf(role);
  const scope = present?.scope ?? {};
  return {
    allow: present === undefined ? (usual.length > 0 ? usual : operations) : held(role, present),
    until: present === undefined ? '' : lastDay(present.until),
    reason: '',
    modalities: (scope.modalities ?? []).join(', '),
    departments: (scope.departments ?? []).join(', '),
    studyDateFrom: scope.studyDateFrom ?? '',
    studyDateTo: scope.studyDateTo ?? '',
    addresses: (present?.addresses ?? []).join(', '),
    project: scope.deIdentified?.project ?? '',
    options: scope.deIdentified?.options ?? [],
  };
}

/** A role may have changed since. */
function held(role: Role, { allow }: PersonOpeningView): readonly PersonOperation[] {
  return boundsOf(role).operations.filter((operation) => allow.includes(operation));
}

/** An opening that ends within a day can be asked for again until the end of that day. */
function lastDay(until: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(until) ? until : dayFromNow(0, Date.parse(until));
}

/** As src/guard/person-opening.ts has it. */
const projectForm = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/** @param today as YYYY-MM-DD */
export function faultsOfImages(draft: ImagesDraft, role: Role, today: string): ImagesFaults {
  const { allow, until, reason, project, studyDateFrom, studyDateTo } = draft;
  return {
    ...(allow.length === 0 ? { allow: 'none-chosen' } : {}),
    ...(role === 'researcher' && !projectForm.test(project.trim())
      ? { project: project.trim() === '' ? 'missing' : 'project' }
      : {}),
    ...(until === '' ? { until: 'missing' } : until < today ? { until: 'past' } : {}),
    ...(reason.trim() === '' ? { reason: 'missing' } : {}),
    ...(studyDateFrom !== '' && studyDateTo !== '' && studyDateTo < studyDateFrom ? { studyDateTo: 'dates' } : {}),
  };
}

/** @param present what it replaces: limits of it that the form does not show stay */
export function accountOpenOf(
  { email, role }: { readonly email: string; readonly role: Role },
  draft: ImagesDraft,
  present?: PersonOpeningView,
): CallInput<'accountOpen'> {
  const modalities = listOf(draft.modalities).map((word) => word.toUpperCase());
  const departments = listOf(draft.departments, /[,;]/);
  const issuers = present?.scope.patientIdIssuers;
  return {
    email,
    allow: [...draft.allow],
    until: draft.until,
    reason: draft.reason.trim(),
    addresses: listOf(draft.addresses),
    scope: {
      ...(modalities.length === 0 ? {} : { modalities }),
      ...(departments.length === 0 ? {} : { departments }),
      ...(draft.studyDateFrom === '' ? {} : { studyDateFrom: draft.studyDateFrom }),
      ...(draft.studyDateTo === '' ? {} : { studyDateTo: draft.studyDateTo }),
      ...(issuers === undefined ? {} : { patientIdIssuers: [...issuers] }),
    },
    ...(role === 'researcher' ? { project: draft.project.trim(), options: [...draft.options] } : {}),
  };
}
