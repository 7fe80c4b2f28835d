/**
 * Workstations: devices at which people sit. A browser that shows the certificate of one has its rights bounded by the workstation's
 * purpose, whoever has signed in there; a workstation alone, without a person, has none.
 */
import { type PersonOperation, personOperations, type RoleBounds, roleBounds } from './roles.ts';

export const workstationPurposes = [
  'workstation-reading',
  'workstation-exchange',
  'workstation-administration',
] as const;
export type WorkstationPurpose = (typeof workstationPurposes)[number];

/** The same words as a role's: what may ever be done there is what both have. */
export type WorkstationBounds = Pick<RoleBounds, 'operations' | 'stores' | 'commands'>;

export const workstationBounds = {
  /** Images are looked at, and what a reader makes of them is kept; nothing is taken out, nothing administered. */
  'workstation-reading': {
    operations: ['find', 'get', 'store'],
    stores: 'evidence',
    // What belongs to reading itself; none of it administers.
    commands: [...roleBounds.physician.commands],
  },
  /** Where images are brought in, taken out and put right: acquisition rooms, the exchange desk. */
  'workstation-exchange': {
    operations: [...personOperations] satisfies readonly PersonOperation[],
    stores: 'every',
    commands: [
      ...roleBounds.physician.commands,
      ...roleBounds.technologist.commands,
      ...roleBounds['exchange-clerk'].commands,
    ],
  },
  /** The house is run here; no image is seen, whoever sits at it. */
  'workstation-administration': {
    operations: [],
    stores: 'evidence',
    commands: [...roleBounds.administrator.commands, ...roleBounds['security-officer'].commands],
  },
} as const satisfies Record<WorkstationPurpose, WorkstationBounds>;

export function isWorkstationPurpose(purpose: string): purpose is WorkstationPurpose {
  return workstationPurposes.some((known) => known === purpose);
}
