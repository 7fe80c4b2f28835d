/** For tests and benchmarks of backends: passes, synthetic instances, and study keys that live in memory. */
import { randomBytes } from 'node:crypto';
import { DataSet } from '../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../dicom/data-set-codec.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { parseAeTitle } from '../dicom/ae-title.ts';
import type { Tag } from '../dicom/tag.ts';
import { knownUid, type Uid } from '../dicom/uid.ts';
import type { Operation, Store } from '../guard/operation.ts';
import { makePass, type Pass } from '../guard/pass.ts';
import type { Principal } from '../guard/principal.ts';
import type { Scope } from '../guard/scope.ts';
import { limits } from '../limits.ts';
import type { StudyKey, StudyKeySource } from './archive/study-key-source.ts';
import type { Backend, StoreOutcome } from './backend.ts';

export const ctImageStorage: Uid = knownUid('1.2.840.10008.5.1.4.1.1.2');
export const explicitLittleEndian: Uid = knownUid('1.2.840.10008.1.2.1');
/** What compose gives the archive, and what scanners take. */
export const dataSetLimits = { ...limits.dataSet, ...limits.dataSetKept };

export function devicePrincipal(device = 'CT1'): Principal {
  return {
    kind: 'device',
    device: parseAeTitle(device, 'device'),
    openingId: 1,
    purpose: 'acquisition',
    address: '127.0.0.1',
  };
}

export interface PassFacts {
  readonly scope?: Scope;
  readonly principal?: Principal;
  readonly transferId?: string;
  readonly stillValid?: () => boolean;
}

export function passFor<O extends Operation>(operation: O, facts: PassFacts = {}): Pass<O> {
  return makePass({
    operation,
    // All steps of a removal are an operator's only.
    principal:
      facts.principal ?? (operation.kind === 'remove' ? { kind: 'operator', user: 'root' } : devicePrincipal()),
    scope: facts.scope ?? {},
    transferId: facts.transferId ?? 'transfer-1',
    stillValid: facts.stillValid ?? (() => true),
  });
}

export interface InstanceFacts {
  readonly study?: number;
  readonly series?: number;
  readonly instance?: number;
  readonly patientId?: string;
  readonly patientName?: string;
  readonly modality?: string;
  readonly studyDate?: string;
  /** Pixel data, or their length. */
  readonly pixels?: Uint8Array | number;
  /** More attributes, or others in place of the usual ones. */
  readonly texts?: readonly (readonly [Tag, string | readonly string[]])[];
}

export interface TestInstance {
  readonly sopInstanceUid: Uid;
  readonly seriesInstanceUid: Uid;
  readonly studyInstanceUid: Uid;
  readonly bytes: Uint8Array;
  readonly operation: Store;
}

/** A CT-like instance in explicit VR little endian. */
export function makeInstance(facts: InstanceFacts = {}): TestInstance {
  const { study = 1, series = 1, instance = 1 } = facts;
  const studyInstanceUid = knownUid(`1.2.3.${study}`);
  const seriesInstanceUid = knownUid(`1.2.3.${study}.${series}`);
  const sopInstanceUid = knownUid(`1.2.3.${study}.${series}.${instance}`);
  const dataSet = new DataSet();
  if (facts.texts !== undefined || facts.patientName !== undefined) {
    dataSet.setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192');
  }
  dataSet.setText(Tags.SOPClassUID, 'UI', ctImageStorage);
  dataSet.setText(Tags.SOPInstanceUID, 'UI', sopInstanceUid);
  dataSet.setText(Tags.StudyDate, 'DA', facts.studyDate ?? '20240131');
  dataSet.setText(Tags.StudyTime, 'TM', '101500');
  dataSet.setText(Tags.AccessionNumber, 'SH', `A${study}`);
  dataSet.setText(Tags.Modality, 'CS', facts.modality ?? 'CT');
  dataSet.setText(Tags.PatientName, 'PN', facts.patientName ?? 'DOE^JANE');
  dataSet.setText(Tags.PatientID, 'LO', facts.patientId ?? `P${study}`);
  dataSet.setText(Tags.StudyInstanceUID, 'UI', studyInstanceUid);
  dataSet.setText(Tags.SeriesInstanceUID, 'UI', seriesInstanceUid);
  dataSet.setText(Tags.SeriesNumber, 'IS', String(series));
  dataSet.setText(Tags.InstanceNumber, 'IS', String(instance));
  for (const [tag, text] of facts.texts ?? []) dataSet.setText(tag, undefined, text);
  const pixels = facts.pixels ?? 16;
  dataSet.setBytes(Tags.PixelData, 'OW', typeof pixels === 'number' ? randomBytes(pixels) : pixels);
  const bytes = writeDataSet(dataSet, explicitLittleEndian);
  const operation: Store = {
    kind: 'store',
    sopClassUid: ctImageStorage,
    sopInstanceUid,
    transferSyntaxUid: explicitLittleEndian,
  };
  return { sopInstanceUid, seriesInstanceUid, studyInstanceUid, bytes, operation };
}

/** As makeInstance, from any data set that has the four UIDs. */
export function instanceOf(dataSet: DataSet, transferSyntaxUid = explicitLittleEndian): TestInstance {
  const uid = (tag: number): Uid => knownUid(dataSet.text(tag) ?? '');
  return {
    sopInstanceUid: uid(Tags.SOPInstanceUID),
    seriesInstanceUid: uid(Tags.SeriesInstanceUID),
    studyInstanceUid: uid(Tags.StudyInstanceUID),
    bytes: writeDataSet(dataSet, transferSyntaxUid),
    operation: {
      kind: 'store',
      sopClassUid: uid(Tags.SOPClassUID),
      sopInstanceUid: uid(Tags.SOPInstanceUID),
      transferSyntaxUid,
    },
  };
}

export function readInstance(bytes: Uint8Array): DataSet {
  return readDataSet(bytes, { transferSyntaxUid: explicitLittleEndian, limits: dataSetLimits });
}

/** Stores in pieces of `pieceBytes`. */
export async function storeInstance(
  backend: Backend,
  instance: TestInstance,
  facts: PassFacts & { readonly pieceBytes?: number; readonly part10Head?: Uint8Array } = {},
): Promise<StoreOutcome> {
  const context = facts.part10Head === undefined ? {} : { part10Head: facts.part10Head };
  const writer = backend.store(passFor(instance.operation, facts), context);
  const pieceBytes = facts.pieceBytes ?? 16_384;
  for (let at = 0; at < instance.bytes.length; at += pieceBytes) {
    await writer.write(instance.bytes.subarray(at, at + pieceBytes));
  }
  await writer.end();
  return writer.commit();
}

export interface Retrieved {
  readonly sopInstanceUid: Uid;
  readonly bytes: Buffer;
  readonly part10Head?: Uint8Array;
}

/** Everything of a study, read whole. */
export async function retrieveStudy(
  backend: Backend,
  studyInstanceUid: Uid,
  facts: PassFacts = {},
): Promise<Retrieved[]> {
  const operation = {
    kind: 'retrieve',
    via: 'get',
    level: 'STUDY',
    keys: { studyInstanceUids: [studyInstanceUid] },
  } as const;
  const all: Retrieved[] = [];
  for await (const stored of backend.retrieve(passFor(operation, facts))) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of stored.read()) chunks.push(chunk);
    const { part10Head } = stored;
    const { sopInstanceUid } = stored.head;
    all.push({ sopInstanceUid, bytes: Buffer.concat(chunks), ...(part10Head === undefined ? {} : { part10Head }) });
  }
  return all;
}

/** Study keys that survive an archive's closing, but not the process. */
export class MemoryStudyKeys implements StudyKeySource {
  readonly #byStudy = new Map<string, StudyKey>();
  #lastId = 0;

  keyFor(studyInstanceUid: string): StudyKey {
    const known = this.#byStudy.get(studyInstanceUid);
    if (known !== undefined) return known;
    this.#lastId += 1;
    const key = { id: this.#lastId, key: randomBytes(32) };
    this.#byStudy.set(studyInstanceUid, key);
    return key;
  }

  keyById(id: number): { readonly studyInstanceUid: string; readonly key: Uint8Array } | undefined {
    for (const [studyInstanceUid, { id: other, key }] of this.#byStudy)
      if (other === id) return { studyInstanceUid, key };
    return undefined;
  }

  destroy(studyInstanceUid: string): boolean {
    return this.#byStudy.delete(studyInstanceUid);
  }
}
