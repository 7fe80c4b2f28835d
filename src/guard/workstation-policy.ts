/** What the workstation at which a person sits takes away: rights are those of the person and of the workstation's purpose together. */
import { type Opening, reasonNotOpen } from './opening.ts';
import type { Operation } from './operation.ts';
import type { SopClassFacts } from './policy.ts';
import type { WorkstationPlace } from './principal.ts';
import type { RefusalReason } from './refusal.ts';
import { holdsCommand, type PersonOperation } from './roles.ts';
import { type WorkstationBounds, workstationBounds } from './workstations.ts';

/** Why this cannot be done there now; undefined when the workstation has nothing against it, which is no permission. */
export function reasonAtWorkstation(
  { openingId, purpose }: WorkstationPlace,
  operation: Operation,
  {
    opening,
    word,
    nowMs,
    sopClasses,
  }: {
    readonly opening: Opening | undefined;
    /** What a person's opening calls it; undefined for commands, and for what no person can be given. */
    readonly word: PersonOperation | undefined;
    readonly nowMs: number;
    readonly sopClasses: SopClassFacts;
  },
): RefusalReason | undefined {
  if (opening === undefined || opening.id !== openingId || opening.purpose !== purpose) return 'no-opening';
  const notOpen = reasonNotOpen(opening, nowMs);
  if (notOpen !== undefined) return notOpen;
  if (!opening.operations.includes('sign-in')) return 'operation';
  return isWithin(workstationBounds[purpose], operation, { word, sopClasses }) ? undefined : 'workstation-purpose';
}

function isWithin(
  bounds: WorkstationBounds,
  operation: Operation,
  { word, sopClasses }: { readonly word: PersonOperation | undefined; readonly sopClasses: SopClassFacts },
): boolean {
  switch (operation.kind) {
    case 'administer':
      return holdsCommand(bounds.commands, operation.command);
    case 'resolve':
      return holdsCommand(bounds.commands, 'conflict resolve');
    case 'store':
      if (bounds.stores === 'evidence' && !sopClasses.isEvidence(operation.sopClassUid)) return false;
      return bounds.operations.includes('store');
    case 'verify':
    case 'commit':
    case 'find':
    case 'retrieve':
    case 'remove':
      return word !== undefined && bounds.operations.includes(word);
  }
}
