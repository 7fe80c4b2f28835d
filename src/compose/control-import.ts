/**
 * Import: DICOM files (PS3.10) into the archive, through the guard like what a device sends. Walking folders and media is
 * the command line's.
 */
import type { Archive } from '../backends/archive/archive.ts';
import { classifyPreamble, preambleBytes, safePreamble } from '../dicom/preamble.ts';
import { isStorageSopClass, SopClasses } from '../dicom/sop-class.ts';
import type { Uid } from '../dicom/uid.ts';
import type { Call, ControlServices, ImportOutcome, ImportSession } from '../doors/control/control-services.ts';
import { asLeadglassError, LeadglassError } from '../error.ts';
import type { Admission } from '../guard/admission.ts';
import type { Store } from '../guard/operation.ts';
import type { GuardSession } from '../guard/session.ts';
import { limits } from '../limits.ts';
import { sessionOf } from './caller.ts';
import type { Installation } from './installation.ts';
import { openPart10, type Part10Source } from '../dicom/part10-source.ts';

export type PreamblePolicySetting = Installation['config']['archive']['preamblePolicy'];

export function importServices({ guard, archive, config }: Installation): Pick<ControlServices, 'beginImport'> {
  const settings = config.archive;
  return {
    beginImport: async (call: Call) => new Import(sessionOf(guard, call), { archive, settings }),
  };
}

interface ImportFacts {
  readonly archive: Archive;
  readonly settings: { readonly preamblePolicy: PreamblePolicySetting; readonly privateSopClasses: boolean };
}

class Import implements ImportSession {
  readonly #session: GuardSession;
  readonly #end: (reason: string) => Promise<void>;
  readonly #facts: ImportFacts;
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor({ session, end }: ReturnType<typeof sessionOf>, facts: ImportFacts) {
    this.#session = session;
    this.#end = end;
    this.#facts = facts;
  }

  async store(part10: AsyncIterable<Uint8Array>): Promise<ImportOutcome> {
    const storing = this.#store(untilAborted(part10, this.#ending.signal));
    this.#running.add(storing);
    try {
      return await storing;
    } finally {
      this.#running.delete(storing);
    }
  }

  async end(_reason: 'done' | 'broken'): Promise<void> {
    // A client that went away in the middle of a file must not hold the session open.
    this.#ending.abort(new LeadglassError('CANCELLED', 'Cannot import the file: the import has ended'));
    await Promise.allSettled(this.#running);
    await this.#end('import ended');
  }

  async #store(part10: AsyncIterable<Uint8Array>): Promise<ImportOutcome> {
    const source = await openPart10(part10, limits);
    try {
      checkSopClass(source.sopClassUid, this.#facts.settings.privateSopClasses);
      const part10Head = storedHead(source, this.#facts.settings.preamblePolicy);
      const { sopClassUid, sopInstanceUid, transferSyntaxUid } = source;
      const operation: Store = { kind: 'store', sopClassUid, sopInstanceUid, transferSyntaxUid };
      await using admission = await this.#session.admit(operation);
      try {
        return await this.#keep(admission, source, part10Head);
      } catch (error) {
        admission.failed(asLeadglassError(error));
        throw error;
      }
    } finally {
      await source.close();
    }
  }

  async #keep(admission: Admission<Store>, source: Part10Source, part10Head: Uint8Array): Promise<ImportOutcome> {
    const writer = this.#facts.archive.store(admission.pass, { part10Head });
    try {
      for await (const chunk of source.dataSet) await writer.write(chunk);
      const head = await writer.end();
      await admission.involving(head);
      const { result, lengthBytes } = await writer.commit();
      admission.succeeded(result === 'conflict' ? { warning: 'conflict' } : {});
      return {
        result,
        studyInstanceUid: head.studyInstanceUid,
        sopInstanceUid: head.sopInstanceUid,
        lengthBytes: part10Head.length + lengthBytes,
      };
    } catch (error) {
      writer.abort(error);
      throw error;
    }
  }
}

/** @throws LeadglassError UNSUPPORTED */
function checkSopClass(sopClassUid: Uid, privateSopClasses: boolean): void {
  if (sopClassUid === SopClasses.MediaStorageDirectoryStorage) {
    throw new LeadglassError(
      'UNSUPPORTED',
      'Cannot import the file: it is the directory (DICOMDIR) of a medium and holds no image; import the folder it stands in',
    );
  }
  if (isStorageSopClass(sopClassUid)) return;
  const isPrivate = !sopClassUid.startsWith('1.2.840.10008.');
  if (isPrivate && privateSopClasses) return;
  throw new LeadglassError(
    'UNSUPPORTED',
    `Cannot import the file: its SOP class ${sopClassUid} is ` +
      (isPrivate ? 'private; archive.privateSopClasses in leadglass.yaml would allow it' : 'none that can be stored'),
  );
}

/**
 * The head as the policy lets it be stored.
 * @throws LeadglassError UNSUPPORTED when the policy refuses it
 */
function storedHead({ headBytes, preamble }: Part10Source, policy: PreamblePolicySetting): Uint8Array {
  const kind = classifyPreamble(preamble);
  switch (policy) {
    case 'keep-hand-out-zeroed':
      return headBytes;
    case 'zero':
    case 'keep-tiff':
      return withPreamble(headBytes, safePreamble(preamble, policy));
    case 'quarantine':
      if (kind !== 'executable' && kind !== 'script') return headBytes;
      throw new LeadglassError(
        'UNSUPPORTED',
        `Cannot import the file: its first ${preambleBytes} bytes begin ${kind === 'script' ? 'a script' : 'a program'}; ` +
          'find out where it comes from (archive.preamblePolicy is quarantine)',
      );
    default:
      return policy satisfies never;
  }
}

/** The head as it is handed out: never one that begins a program. */
export function handedOutHead(headBytes: Uint8Array, policy: PreamblePolicySetting): Uint8Array {
  const kept = policy === 'quarantine' ? 'keep-hand-out-zeroed' : policy;
  return withPreamble(headBytes, safePreamble(headBytes.subarray(0, preambleBytes), kept));
}

function withPreamble(headBytes: Uint8Array, preamble: Uint8Array): Uint8Array {
  const head = new Uint8Array(headBytes);
  head.set(preamble);
  return head;
}

/** The same pieces, until the signal fires; then it throws the signal's reason, even while a piece is waited for. */
async function* untilAborted(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces = source[Symbol.asyncIterator]();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  aborted.catch(() => undefined);
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      const next = await Promise.race([aborted, pieces.next()]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not waited for: a source that hangs would hang here, too.
    Promise.resolve(pieces.return?.()).catch(() => undefined);
  }
}
