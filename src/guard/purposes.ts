/**
 * What each purpose may ever hold. A device has exactly one purpose; an opening narrows it and can never exceed it. Checked
 * when an opening is made and again at each use, so that an edited database opens nothing.
 */
import type { OpeningOperation, OpeningTerms } from './opening.ts';
import type { Purpose } from './principal.ts';
import { isWorkstationPurpose } from './workstations.ts';

export interface PurposeBounds {
  readonly operations: readonly OpeningOperation[];
  /** Which SOP classes may be stored, when storing is in: evidence is what a reader makes of images. */
  readonly stores: 'every' | 'evidence';
  /** Data is reached only after somebody released the study to this device. */
  readonly releasedOnly: boolean;
  /** Storage commitment answers only for studies of which the device itself sent instances. */
  readonly commitsOwnOnly: boolean;
  /** What an opening holds when nobody says otherwise. */
  readonly usual: readonly OpeningOperation[];
}

/** People sit there; the device itself does nothing. What they may do at it stands in workstations.ts. */
const workstation = {
  operations: ['sign-in'],
  stores: 'evidence',
  releasedOnly: false,
  commitsOwnOnly: true,
  usual: ['sign-in'],
} as const;

export const purposeBounds = {
  acquisition: {
    operations: ['verify', 'store', 'commit'],
    stores: 'every',
    releasedOnly: false,
    commitsOwnOnly: true,
    usual: ['verify', 'store', 'commit'],
  },
  reading: {
    operations: ['verify', 'find', 'get', 'move', 'store'],
    stores: 'evidence',
    releasedOnly: false,
    commitsOwnOnly: true,
    usual: ['verify', 'find', 'get', 'move', 'store'],
  },
  exchange: {
    operations: ['verify', 'find', 'get', 'move', 'store'],
    stores: 'every',
    releasedOnly: true,
    commitsOwnOnly: true,
    // Taking images from a partner is a decision of its own.
    usual: ['verify', 'find', 'get', 'move'],
  },
  archive: {
    // An archive that looks after the same studies may ask for a removal. Nobody else: what images are sent from, and where they
    // are read, is what intruders get hold of first.
    operations: ['verify', 'store', 'commit', 'find', 'get', 'move', 'remove'],
    stores: 'every',
    releasedOnly: false,
    commitsOwnOnly: false,
    // To have studies removed is a decision of its own.
    usual: ['verify', 'store', 'commit', 'find', 'get', 'move'],
  },
  'workstation-reading': workstation,
  'workstation-exchange': workstation,
  'workstation-administration': workstation,
} as const satisfies Record<Purpose, PurposeBounds>;

export interface OpeningRules {
  /** Longest life of an opening of a device without TLS. */
  readonly plainExceptionDaysMax: number;
}

const dayMs = 86_400_000;

/** Everything that is wrong with these terms, in words; an empty list means that the opening may be made. */
export function objectionsTo(terms: OpeningTerms, rules: OpeningRules): readonly string[] {
  const objections: string[] = [];
  const bounds: PurposeBounds = purposeBounds[terms.purpose];
  for (const operation of terms.operations) {
    if (!bounds.operations.includes(operation)) {
      objections.push(
        `purpose ${terms.purpose} can never hold ${operation}; it can hold ${bounds.operations.join(', ')}`,
      );
    }
  }
  if (terms.privateSopClasses && !(terms.operations.includes('store') && bounds.stores === 'every')) {
    objections.push('private SOP classes are named, but nothing but evidence may be stored');
  }
  // The device's own address is also where a commitment result goes when its association has ended (PS3.4 J.3.3).
  const others = terms.moveDestinations.filter(
    ({ aeTitle }) => !(aeTitle === terms.device && terms.operations.includes('commit')),
  );
  if (others.length > 0 && !terms.operations.includes('move')) {
    objections.push('move destinations are named, but move is not');
  }
  if (new Set(terms.moveDestinations.map((destination) => destination.aeTitle)).size < terms.moveDestinations.length) {
    objections.push('two move destinations have the same AE title');
  }
  if (terms.validUntilMs <= terms.validFromMs) objections.push('the opening ends before it begins');
  const { studyDateFrom, studyDateTo } = terms.scope;
  if (studyDateFrom !== undefined && studyDateTo !== undefined && studyDateTo < studyDateFrom) {
    objections.push('the study dates end before they begin');
  }
  return [...objections, ...objectionsToWorkstation(terms), ...objectionsToPlain(terms, rules)];
}

function objectionsToWorkstation({ purpose, doors, scope }: OpeningTerms): readonly string[] {
  if (!isWorkstationPurpose(purpose)) return [];
  const objections: string[] = [];
  if (doors.some((door) => door !== 'web')) objections.push('people sit at a workstation: it has the web door alone');
  if (Object.keys(scope).length > 0) {
    objections.push('what people see at a workstation is a matter of their own openings: it has no scope');
  }
  return objections;
}

function objectionsToPlain(terms: OpeningTerms, { plainExceptionDaysMax }: OpeningRules): readonly string[] {
  const objections: string[] = [];
  const isPlain = terms.doors.includes('dimse-plain');
  if (isPlain && terms.doors.length > 1) objections.push('an opening of the plain door names no other door');
  if (isPlain && terms.plain === undefined) objections.push('the plain door needs its risk in words and its own port');
  if (!isPlain && terms.plain !== undefined)
    objections.push('a risk and a plain port are named, but not the plain door');
  if (!isPlain) return objections;
  if (terms.addresses.length === 0) objections.push('the plain door needs named addresses');
  for (const range of terms.addresses) {
    if (range.endsWith('/0')) objections.push(`${range} is everybody: the plain door needs named addresses`);
  }
  if (terms.validUntilMs - terms.validFromMs > plainExceptionDaysMax * dayMs) {
    const days = Math.ceil((terms.validUntilMs - terms.validFromMs) / dayMs);
    objections.push(`the plain door may be open ${plainExceptionDaysMax} days at most, asked for ${days}`);
  }
  return objections;
}
