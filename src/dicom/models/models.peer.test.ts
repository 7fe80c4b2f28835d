/**
 * DCMTK's dcm2json and dcm2xml as second opinion, on the studies of the demo and on real files: what they write is read by our
 * readers, and means what our writers say. Each difference that remains has its reason here.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { corpusFolder, findProgram, needs, needsCorpus } from '../../../test/support/peers.ts';
import { runProgram } from '../../../test/support/programs.ts';
import { part10Of, syntheticInstances } from '../../cli/demo/synthetic.ts';
import { limits } from '../../limits.ts';
import type { DataSet } from '../data-set.ts';
import { streamOf } from '../data-set.test-support.ts';
import { readPart10Head } from '../part10.ts';
import { TransferSyntaxes, transferSyntaxInfo } from '../transfer-syntax.ts';
import { knownUid, type Uid } from '../uid.ts';
import { isJsonObject, type JsonAttribute, type JsonObject, jsonOf, jsonOfInstance } from './models.test-support.ts';
import { readJsonModels } from './read-json.ts';
import { readXmlModel } from './read-xml.ts';

interface CorpusFile {
  readonly path: string;
  readonly expect: string;
}

function corpusFiles(): readonly CorpusFile[] {
  if (corpusFolder === undefined) return [];
  const manifest: readonly CorpusFile[] = JSON.parse(readFileSync(join(corpusFolder, 'manifest.json'), 'utf8'));
  return manifest.filter(
    ({ expect, path }) => expect === 'valid' && !refusedByUs.has(path) && !refusedByDcmtk.has(path),
  );
}

/** Its SOP Instance UID has 67 characters. */
const refusedByUs = new Set(['real/weasis-dicom-tools__jpeg2000-multiframe-multifragments.dcm']);
/** DCMTK needs a library for Japanese that Debian's build does not have; character-set.test.ts has these texts. */
const refusedByDcmtk = new Set(['real/pydicom__chrH31.dcm', 'real/pydicom__chrSQEncoding1.dcm']);

/** Documents of dcm2xml that nobody can read. */
const unreadableXml = new Map([
  // Its private creators are UN, and DCMTK leaves the blocks out without saying whose they are: tags come twice.
  ['real/dcm4che__MR-JPEGLosslessSV1.dcm', 'no creators'],
  // Its items have a character set of their own, and DCMTK gives up.
  ['media/DICOMDIR', 'no document'],
]);

interface Facts {
  /** VRs of private elements were not in the file. */
  readonly isImplicit: boolean;
  readonly isEncapsulated: boolean;
}

interface Instance extends Facts {
  readonly path: string;
  readonly ours: JsonObject;
}

async function instance(file: string): Promise<Instance> {
  const bytes = readFileSync(file);
  const head = readPart10Head(bytes, { limits: limits.part10, isWhole: true });
  assert.ok(head.state === 'whole');
  const { transferSyntaxUid } = head;
  return {
    path: file,
    ours: await jsonOfInstance(streamOf([bytes.subarray(head.headLength)]), transferSyntaxUid),
    isImplicit: transferSyntaxUid === TransferSyntaxes.ImplicitVrLittleEndian,
    isEncapsulated: transferSyntaxInfo(transferSyntaxUid)?.encapsulated === true,
  };
}

/** Private, without a block: what dcm2xml makes of the elements of above. */
const withoutCreator = /^...[13579BDF]00..$/;

function compare(ours: JsonObject, theirs: JsonObject, { isImplicit, isEncapsulated }: Facts, path = ''): void {
  for (const tag of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    // DCMTK writes texts of items in UTF-8 and leaves their own Specific Character Set as it was.
    if (path !== '' && tag === '00080005') continue;
    // What fills up a file (PS3.10 7.2) is no attribute for us.
    if (tag === 'FFFCFFFC') continue;
    const mine = ours[tag];
    const other = theirs[tag];
    // It writes one where the file has none.
    if (mine === undefined && tag === '00080005') continue;
    if (mine === undefined && withoutCreator.test(tag)) continue;
    assert.ok(mine !== undefined, `${path}${tag} is missing`);
    const isPrivate = Number.parseInt(tag.charAt(3), 16) % 2 === 1;
    // dcm2xml takes the block away from private elements without a creator, too.
    if (other === undefined && isPrivate && ours[`${tag.slice(0, 4)}00${tag.slice(4, 6)}`] === undefined) continue;
    assert.ok(other !== undefined, `${path}${tag} is ours alone`);
    // DCMTK has a dictionary of private elements and gives those of implicit VR, and UN, another VR; private creators that
    // somebody wrote as UN it leaves, where we know that they are LO (PS3.5 7.8.1).
    if (isPrivate && mine.vr !== other.vr && (isImplicit || mine.vr === 'UN' || other.vr === 'UN')) continue;
    if (isEncapsulated && mine.InlineBinary !== undefined && other.InlineBinary === undefined) continue;
    if (mine.vr === 'SQ' && other.vr === 'SQ' && mine.Value?.length === other.Value?.length) {
      for (const [index, item] of (mine.Value ?? []).entries()) {
        const itsOther: unknown = other.Value?.[index];
        assert.ok(isJsonObject(item) && isJsonObject(itsOther));
        compare(item, itsOther, { isImplicit, isEncapsulated }, `${path}${tag}/${index + 1}/`);
      }
    } else {
      assert.deepEqual(rounded(other), rounded(mine), `${path}${tag}`);
    }
  }
}

/** dcm2xml 3.6.7 writes the ideographic group once more as phonetic one, where a name has two groups. */
function withoutCopy(name: unknown): unknown {
  if (typeof name !== 'object' || name === null || !('Phonetic' in name) || !('Ideographic' in name)) return name;
  if (name.Phonetic !== name.Ideographic) return name;
  const { Phonetic: _, ...rest } = name;
  return rest;
}

/** Long values by digest, so that a difference can be read. */
function short(base64: string): string {
  return base64.length < 100 ? base64 : createHash('sha256').update(base64).digest('hex');
}

/** DCMTK 3.6.7 prints nine digits of FL, which is enough, and sometimes one that is wrong as last of FD. */
function rounded(attribute: JsonAttribute): JsonAttribute {
  const { InlineBinary } = attribute;
  if (InlineBinary !== undefined) return { ...attribute, InlineBinary: short(InlineBinary) };
  if (attribute.vr === 'PN') return { ...attribute, Value: attribute.Value?.map(withoutCopy) ?? [] };
  if (attribute.vr !== 'FL' && attribute.vr !== 'FD') return attribute;
  const digits = attribute.vr === 'FL' ? 7 : 15;
  const values = attribute.Value?.map((value: unknown) =>
    typeof value === 'number' ? value.toPrecision(digits) : value,
  );
  return { ...attribute, ...(values === undefined ? {} : { Value: values }) };
}

test('the programs are asked', { skip: needs('dcm2json', 'dcm2xml').skip || needsCorpus().skip }, () => {
  assert.ok(corpusFiles().length > 50);
});

const hasPrograms = findProgram('dcm2json') !== undefined && findProgram('dcm2xml') !== undefined;

for (const file of hasPrograms ? corpusFiles() : []) {
  const path = join(corpusFolder ?? '', file.path);
  test(`${file.path}: dcm2json says the same, and its document is read as it is meant`, () => agreesWithDcm2json(path));
  if (unreadableXml.has(file.path)) continue;
  test(`${file.path}: the document of dcm2xml is read as it is meant`, () => agreesWithDcm2xml(path));
}

test(
  'dcm2json and dcm2xml say the same of the studies that we make ourselves',
  needs('dcm2json', 'dcm2xml'),
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'leadglass-models-'));
    t.after(() => rmSync(folder, { recursive: true }));
    let count = 0;
    const newUid = (): Uid => knownUid(`1.2.3.${(count += 1)}`);
    const made = [...syntheticInstances({ newUid, studyDate: '20261125', ctSlices: 2, size: 32 })];
    assert.deepEqual(new Set(made.map(({ modality }) => modality)), new Set(['CT', 'SR', 'SEG', 'MR', 'US', 'CR']));
    for (const one of made) {
      const path = join(folder, `${one.name}.dcm`);
      writeFileSync(path, part10Of(one));
      await t.test(`${one.name}: dcm2json`, () => agreesWithDcm2json(path));
      await t.test(`${one.name}: dcm2xml`, () => agreesWithDcm2xml(path));
    }
  },
);

async function agreesWithDcm2json(path: string): Promise<void> {
  const one = await instance(path);
  const ran = await runProgram('dcm2json', ['--quiet', '--compact-code', one.path]);
  // It ends in the middle where encapsulated pixel data begins; there is no InlineBinary of such.
  const text = ran.status === 0 ? ran.stdout : ran.stdout.replace(/,\}$/, '}');
  assert.ok(ran.status === 0 || one.isEncapsulated, ran.output.slice(0, 200));
  compare(one.ours, JSON.parse(text), one);
  const [model] = readJsonModels(Buffer.from(`[${text}]`), limits.model);
  assert.ok(model !== undefined);
  compare(one.ours, jsonOf(model.dataSet), one);
}

async function agreesWithDcm2xml(path: string): Promise<void> {
  const one = await instance(path);
  const options = ['--quiet', '--native-format', '--convert-to-utf8', ...(one.isEncapsulated ? [] : ['+M', '+Eb'])];
  const ran = await runProgram('dcm2xml', [...options, one.path]);
  assert.equal(ran.status, 0, ran.output.slice(0, 200));
  const { dataSet, bulkData } = readXmlModel(Buffer.from(ran.stdout), limits.model);
  // Beside encapsulated pixel data all binary values stand as UUIDs that lead nowhere.
  for (const { path } of bulkData.values()) if (path[0] === 0x7fe00010) dataSet.delete(path[0]);
  swapWords(dataSet);
  compare(one.ours, jsonOf(dataSet), one);
}

/** DCMTK 3.6.7 writes the words of OW and OF in base64 with the high byte first, and only in XML; PS3.19 A.1.5 says as PS3.5. */
function swapWords(dataSet: DataSet): void {
  for (const { vr, value } of dataSet) {
    if (!(value instanceof Uint8Array)) for (const item of value) swapWords(item);
    else if (vr === 'OW') Buffer.from(value.buffer, value.byteOffset, value.length).swap16();
    else if (vr === 'OF') Buffer.from(value.buffer, value.byteOffset, value.length).swap32();
  }
}
