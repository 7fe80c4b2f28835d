/** Export of one study as whole DICOM files (PS3.10). Where they are written is the command line's. */
import type { StoredInstance } from '../backends/backend.ts';
import { writePart10Head } from '../dicom/part10.ts';
import { parseUid } from '../dicom/uid.ts';
import type { ControlServices, ExportedInstance, ExportSession } from '../doors/control/control-services.ts';
import { asLeadglassError, LeadglassError } from '../error.ts';
import type { Admission } from '../guard/admission.ts';
import type { Retrieve } from '../guard/operation.ts';
import { sessionOf } from './caller.ts';
import { handedOutHead, type PreamblePolicySetting } from './control-import.ts';
import type { Installation } from './installation.ts';

export function exportServices({ guard, archive, config }: Installation): Pick<ControlServices, 'beginExport'> {
  return {
    beginExport: async (call, given) => {
      const studyInstanceUid = parseUid(given.studyInstanceUid, 'Study Instance UID');
      const { session, end } = sessionOf(guard, call);
      try {
        // A record of transfers has no place for a person's reason, so it has one of its own, under the same session.
        await using purpose = await session.admit({
          kind: 'administer',
          command: 'study export',
          summary: `study ${studyInstanceUid}: ${given.reason}`,
        });
        purpose.succeeded();
        const keys = { studyInstanceUids: [studyInstanceUid] };
        const admission = await session.admit<Retrieve>({ kind: 'retrieve', via: 'export', level: 'STUDY', keys });
        try {
          const instances = await Array.fromAsync(archive.retrieve(admission.pass));
          if (instances.length === 0) throw new LeadglassError('NOT_FOUND', `There is no study ${studyInstanceUid}`);
          return new Export(end, { admission, instances, policy: config.archive.preamblePolicy });
        } catch (error) {
          admission.failed(asLeadglassError(error));
          await admission[Symbol.asyncDispose]();
          throw error;
        }
      } catch (error) {
        await end('export failed');
        throw error;
      }
    },
  };
}

interface ExportFacts {
  /** Lives as long as the session. */
  readonly admission: Admission<Retrieve>;
  readonly instances: readonly StoredInstance[];
  readonly policy: PreamblePolicySetting;
}

class Export implements ExportSession {
  readonly instances: readonly ExportedInstance[];
  readonly #end: (reason: string) => Promise<void>;
  readonly #facts: ExportFacts;

  constructor(end: (reason: string) => Promise<void>, facts: ExportFacts) {
    this.#end = end;
    this.#facts = facts;
    this.instances = facts.instances.map(({ head }) => ({
      seriesInstanceUid: head.seriesInstanceUid,
      sopInstanceUid: head.sopInstanceUid,
      modality: head.modality,
    }));
  }

  async *read(index: number): AsyncGenerator<Uint8Array, void, undefined> {
    const { admission, instances, policy } = this.#facts;
    const instance = instances[index];
    if (instance === undefined) throw new LeadglassError('NOT_FOUND', `The export has no instance ${index}`);
    const { head, transferSyntaxUid, part10Head } = instance;
    await admission.involving(head);
    // Until all of it was taken it counts as not handed out.
    let failure: string | undefined = 'CANCELLED';
    try {
      yield part10Head === undefined
        ? writePart10Head({ sopClassUid: head.sopClassUid, sopInstanceUid: head.sopInstanceUid, transferSyntaxUid })
        : handedOutHead(part10Head, policy);
      yield* instance.read();
      failure = undefined;
    } catch (error) {
      failure = asLeadglassError(error).code;
      throw error;
    } finally {
      admission.transferred(head, failure === undefined ? { outcome: 0 } : { outcome: 8, reason: failure });
    }
  }

  async end(reason: 'done' | 'broken'): Promise<void> {
    const { admission } = this.#facts;
    try {
      if (reason === 'done') admission.succeeded();
      else admission.failed(new LeadglassError('CANCELLED', 'The export was broken off'));
      await admission[Symbol.asyncDispose]();
    } finally {
      await this.#end(`export ${reason}`);
    }
  }
}
