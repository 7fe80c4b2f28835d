/**
 * Instances that arrive in one request, one after the other: each admitted by the guard, written to the backend as its bytes
 * come, named to the ledger, committed. While one becomes durable the next is read already.
 */
import type { InstanceHead, StoreWriter } from '../../../backends/backend.ts';
import type { Uid } from '../../../dicom/uid.ts';
import { asLeadglassError, LeadglassError } from '../../../error.ts';
import type { Admission } from '../../../guard/admission.ts';
import type { Store } from '../../../guard/operation.ts';
import type { GuardSession } from '../../../guard/session.ts';
import type { WebServices } from '../web-handler.ts';
import type { StoreReport } from './store-report.ts';

/** What has to be known before the first byte is stored. */
export interface Arriving {
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly transferSyntaxUid: Uid;
  readonly dataSet: AsyncIterable<Uint8Array>;
}

export interface ArrivalFacts {
  readonly session: GuardSession;
  readonly services: WebServices;
  /** The only study that may arrive (PS3.18 10.5.1), if the path names one. */
  readonly study: Uid | undefined;
  readonly report: StoreReport;
}

export class Arrivals {
  readonly #facts: ArrivalFacts;
  readonly #commits: Promise<void>[] = [];

  constructor(facts: ArrivalFacts) {
    this.#facts = facts;
  }

  /**
   * Takes one; what is wrong with it is in the report. When this returns all its bytes have been read, or it has failed.
   */
  async take(arriving: Arriving): Promise<void> {
    const { session, services, report } = this.#facts;
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = arriving;
    const place = report.expect({ sopClassUid, sopInstanceUid });
    try {
      const operation: Store = { kind: 'store', sopClassUid, sopInstanceUid, transferSyntaxUid };
      const admission = await session.admit(operation);
      const commit = this.#kept(admission, arriving.dataSet).then(
        (committing) => committing,
        async (error: unknown) => {
          admission.failed(asLeadglassError(error));
          await admission[Symbol.asyncDispose]();
          throw error;
        },
      );
      const committed = (await commit)().then(
        (head) => report.stored(place, head),
        (error: unknown) => report.failed(place, asLeadglassError(error)),
      );
      this.#commits.push(committed);
      if (this.#commits.length >= services.limits.web.storesAtOnceMax) await this.#commits.shift();
    } catch (error) {
      report.failed(place, asLeadglassError(error));
    }
  }

  /** All that were taken are in the report now. */
  async end(): Promise<void> {
    await Promise.all(this.#commits.splice(0));
  }

  /** Writes and checks it, and gives what makes it durable. */
  async #kept(admission: Admission<Store>, dataSet: AsyncIterable<Uint8Array>): Promise<() => Promise<InstanceHead>> {
    const { services, study } = this.#facts;
    const writer = services.backend.store(admission.pass, {});
    try {
      for await (const chunk of dataSet) {
        const taken = writer.write(chunk);
        if (taken !== undefined) await taken;
      }
      const head = await writer.end();
      if (study !== undefined && head.studyInstanceUid !== study) throw otherStudy();
      await admission.involving(head);
      return () => committed(admission, writer);
    } catch (error) {
      writer.abort(error);
      throw error;
    }
  }
}

async function committed(admission: Admission<Store>, writer: StoreWriter): Promise<InstanceHead> {
  try {
    const { result, head, isBeyondScope } = await writer.commit();
    admission.succeeded(result === 'conflict' ? { warning: 'conflict' } : {});
    // Safe, but not what this UID stands for here: success would promise that it can be fetched. Who may not know that it is
    // known hears what it would hear of a new one, as over DIMSE.
    if (result === 'conflict' && isBeyondScope !== true) {
      throw new LeadglassError('CONFLICT', 'UID is known with other content: kept aside, ask the archive');
    }
    return head;
  } catch (thrown) {
    const error = asLeadglassError(thrown);
    if (error.code !== 'CONFLICT') {
      writer.abort(error);
      admission.failed(error);
    }
    throw error;
  } finally {
    await admission[Symbol.asyncDispose]();
  }
}

/** The field tells it from other contradictions (store-report.ts). */
export const otherStudyField = 'Study Instance UID of the path';

function otherStudy(): LeadglassError {
  return new LeadglassError('BAD_REQUEST', 'Cannot store: the instance belongs to another study than the path names', {
    field: otherStudyField,
  });
}
