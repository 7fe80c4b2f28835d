/** Over real and odd files of many makers, where they are at hand (LEADGLASS_SHARED): nothing that identifies comes out. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DataSet } from '../data-set.ts';
import { readDataSet } from '../data-set-codec.ts';
import { Tags } from '../dictionary/dictionary.ts';
import { limits as all } from '../../limits.ts';
import { LeadglassError } from '../../error.ts';
import { readPart10Head } from '../part10.ts';
import type { Tag } from '../tag.ts';
import { bytesAfter, factsWith, limits } from './de-identify.test-support.ts';

const shared = process.env['LEADGLASS_SHARED'];
const folder = join(shared ?? '', 'data');

const identifying: readonly Tag[] = [
  Tags.PatientName,
  Tags.PatientID,
  Tags.OtherPatientIDs,
  Tags.AccessionNumber,
  Tags.StudyID,
  Tags.PatientBirthDate,
  Tags.PatientAddress,
  Tags.InstitutionName,
  Tags.InstitutionAddress,
  Tags.ReferringPhysicianName,
  Tags.OperatorsName,
  Tags.PerformingPhysicianName,
  Tags.StationName,
  Tags.DeviceSerialNumber,
  Tags.StudyInstanceUID,
  Tags.SeriesInstanceUID,
  Tags.SOPInstanceUID,
  Tags.FrameOfReferenceUID,
  Tags.StudyDescription,
  Tags.SeriesDescription,
];

test('real files: each is refused, or comes out without a value that identifies', {
  skip: shared === undefined,
}, async () => {
  let made = 0;
  for (const name of globSync('{real,odd}/*', { cwd: folder })) {
    const file = readFileSync(join(folder, name));
    let source: DataSet;
    let head: ReturnType<typeof readPart10Head>;
    let after: Awaited<ReturnType<typeof bytesAfter>>;
    try {
      head = readPart10Head(file, { limits: all.part10, isWhole: true });
      if (head.state === 'more') continue;
      const bytes = new Uint8Array(file.subarray(head.headLength));
      after = await bytesAfter(bytes, head.transferSyntaxUid, factsWith());
      source = readDataSet(bytes, { transferSyntaxUid: head.transferSyntaxUid, limits });
    } catch (error) {
      assert.ok(error instanceof LeadglassError, `${name}: ${String(error)}`);
      continue;
    }
    made += 1;
    const dataSet = readDataSet(after.bytes, { transferSyntaxUid: after.transferSyntaxUid, limits });
    assert.equal(dataSet.text(Tags.PatientIdentityRemoved), 'YES', name);
    // Pixels may hold any bytes, and a file may have been given our dummy by somebody before; what stands before and behind them may not.
    dataSet.delete(Tags.PixelData);
    const text = Buffer.from(textOf(dataSet)).toString('latin1');
    // Some have the name of the maker, which stays, as that of the hospital.
    const maker = source.text(Tags.Manufacturer) ?? '';
    for (const value of identifying.flatMap((tag) => source.texts(tag))) {
      if (value.length >= 5 && value !== '19000101' && !maker.includes(value))
        assert.equal(text.includes(value), false, `${name}: ${value}`);
    }
  }
  assert.ok(made >= 15, `${made} files`);
});

/** All values of a data set behind each other. */
function textOf(dataSet: DataSet): string {
  return [...dataSet]
    .map(({ value }) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value.map(textOf).join('\n'),
    )
    .join('\n');
}
