/**
 * Which transfers have begun and not ended, so that a start after a crash can finish their records. Only their places are
 * kept in memory.
 */
import { LeadglassError } from '../error.ts';
import type { RecordPlace } from './checkpoints.ts';
import type { LedgerRecordInput } from './record.ts';

type TransferFacts = Pick<LedgerRecordInput, 'transferId' | 'transferState' | 'studyInstanceUids'>;

interface Begun {
  readonly place: RecordPlace;
  readonly studyInstanceUids: ReadonlySet<string>;
}

export class OpenTransfers {
  /** By transfer id, in the order of the records. */
  readonly #begun = new Map<string, Begun[]>();
  readonly #recordsMax: number;
  #records = 0;

  constructor(recordsMax: number) {
    this.#recordsMax = recordsMax;
  }

  /** @throws LeadglassError OUT_OF_RESOURCES when one more begun record would be over the limit */
  checkRoom(facts: TransferFacts): void {
    if (facts.transferState !== 'begun' || this.#records < this.#recordsMax) return;
    throw new LeadglassError(
      'OUT_OF_RESOURCES',
      `Cannot begin a transfer: ${this.#records} records of running transfers are open, at most ${this.#recordsMax} may be`,
    );
  }

  /** Takes in a durable record. */
  note(facts: TransferFacts, place: RecordPlace): void {
    const { transferId, transferState } = facts;
    if (transferId === undefined || transferState === undefined) return;
    const begun = this.#begun.get(transferId) ?? [];
    if (transferState === 'begun') {
      this.#begun.set(transferId, [...begun, { place, studyInstanceUids: new Set(facts.studyInstanceUids) }]);
      this.#records += 1;
      return;
    }
    const ended = new Set(facts.studyInstanceUids);
    // A closing record without studies closes the whole transfer.
    const left = ended.size === 0 ? [] : begun.filter(({ studyInstanceUids }) => !isCovered(studyInstanceUids, ended));
    this.#records -= begun.length - left.length;
    if (left.length === 0) this.#begun.delete(transferId);
    else this.#begun.set(transferId, left);
  }

  /** Places of the begun records that nothing has ended, oldest first. */
  places(): readonly RecordPlace[] {
    return [...this.#begun.values()]
      .flat()
      .map(({ place }) => place)
      .toSorted((a, b) => a.seq - b.seq);
  }
}

function isCovered(studies: ReadonlySet<string>, ended: ReadonlySet<string>): boolean {
  return [...studies].every((study) => ended.has(study));
}
