/** Images whose values follow from their place, so that whatever a viewer shows of them can be told right or wrong. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSet } from '../../src/dicom/data-set.ts';
import { writeDataSet } from '../../src/dicom/data-set-codec.ts';
import { writePart10Head } from '../../src/dicom/part10.ts';
import { TransferSyntaxes } from '../../src/dicom/transfer-syntax.ts';
import { sopClasses, uidOf } from './dicom-files.ts';

export interface VolumeFacts {
  /** Names study, series and instances. */
  readonly study: string;
  readonly series: string;
  readonly modality: 'CT' | 'MR';
  readonly seriesNumber: number;
  readonly slices: number;
  readonly rows: number;
  readonly columns: number;
  /** Between rows, columns, slices, mm. */
  readonly spacing: readonly [number, number, number];
  /** mm of the first slice along the axis of the body. */
  readonly firstMm?: number;
  /** Left out of the series: a gap. */
  readonly without?: number;
  /** This slice's pixel data is no JPEG, though it says so. */
  readonly broken?: number;
}

/** What every volume has at a place: Hounsfield units in CT. */
export const valueAt = (column: number, row: number, slice: number): number => column * 3 + row * 2 + slice * 20 - 100;

/** Axial slices, the first one at the feet. */
export function writeVolume(folder: string, facts: VolumeFacts): void {
  mkdirSync(folder, { recursive: true });
  for (let slice = 0; slice < facts.slices; slice += 1) {
    if (slice === facts.without) continue;
    const isBroken = slice === facts.broken;
    const { modality, rows, columns } = facts;
    const sopClassUid = modality === 'CT' ? sopClasses.ct : sopClasses.mr;
    const sopInstanceUid = uidOf(`${facts.study}/${facts.series}/${slice}`);
    const pixels = Buffer.alloc(rows * columns * 2);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const value = valueAt(column, row, slice) + (modality === 'CT' ? 1024 : 100);
        pixels.writeUInt16LE(value, (row * columns + column) * 2);
      }
    }
    const dataSet = headOf(facts, slice)
      .setText(0x00080016, 'UI', sopClassUid)
      .setText(0x00080018, 'UI', sopInstanceUid);
    const transferSyntaxUid = isBroken ? TransferSyntaxes.JPEGLSLossless : TransferSyntaxes.ExplicitVrLittleEndian;
    if (isBroken) {
      const fragments = [Buffer.alloc(0), Buffer.from('this is no image at all.')];
      dataSet.set({ tag: 0x7fe00010, vr: 'OB', value: Buffer.alloc(0), fragments });
    } else dataSet.setBytes(0x7fe00010, 'OW', pixels);
    writeFileSync(
      join(folder, `${facts.series}-${String(slice).padStart(4, '0')}.dcm`),
      Buffer.concat([
        writePart10Head({ sopClassUid, sopInstanceUid, transferSyntaxUid }),
        writeDataSet(dataSet, transferSyntaxUid),
      ]),
    );
  }
}

function headOf(facts: VolumeFacts, slice: number): DataSet {
  const { study, series, modality, rows, columns, spacing, firstMm = 0 } = facts;
  const [rowMm, columnMm, sliceMm] = spacing;
  const dataSet = new DataSet()
    .setText(0x00080005, 'CS', 'ISO_IR 192')
    .setText(0x00080020, 'DA', '20261120')
    .setText(0x00080030, 'TM', '101500')
    .setText(0x00080050, 'SH', 'A-7')
    .setText(0x00080060, 'CS', modality)
    .setText(0x00080090, 'PN', '')
    .setText(0x00081030, 'LO', study)
    .setText(0x0008103e, 'LO', series)
    .setText(0x00100010, 'PN', 'Müller^Änne')
    .setText(0x00100020, 'LO', 'P-7')
    .setText(0x00100030, 'DA', '19600229')
    .setText(0x00100040, 'CS', 'F')
    .setText(0x00180050, 'DS', String(sliceMm))
    .setText(0x0020000d, 'UI', uidOf(study))
    .setText(0x0020000e, 'UI', uidOf(`${study}/${series}`))
    .setText(0x00200010, 'SH', 'S-7')
    .setText(0x00200011, 'IS', String(facts.seriesNumber))
    .setText(0x00200013, 'IS', String(slice + 1))
    .setText(0x00200032, 'DS', `-10\\-20\\${firstMm + slice * sliceMm}`)
    .setText(0x00200037, 'DS', '1\\0\\0\\0\\1\\0')
    .setText(0x00200052, 'UI', uidOf(`${study}/frame of reference`))
    .setNumber(0x00280002, 'US', 1)
    .setText(0x00280004, 'CS', 'MONOCHROME2')
    .setNumber(0x00280010, 'US', rows)
    .setNumber(0x00280011, 'US', columns)
    .setText(0x00280030, 'DS', `${rowMm}\\${columnMm}`)
    .setNumber(0x00280100, 'US', 16)
    .setNumber(0x00280101, 'US', 16)
    .setNumber(0x00280102, 'US', 15)
    .setNumber(0x00280103, 'US', 0)
    .setText(0x00281050, 'DS', modality === 'CT' ? '200' : '400')
    .setText(0x00281051, 'DS', modality === 'CT' ? '800' : '900');
  if (modality === 'CT') {
    dataSet.setText(0x00281052, 'DS', '-1024').setText(0x00281053, 'DS', '1').setText(0x00281054, 'LO', 'HU');
  }
  return dataSet;
}
