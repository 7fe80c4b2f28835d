/** Files we write, in each transfer syntax we can lead to, as DCMTK's dcmdump reads them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import { DataSet } from './data-set.ts';
import { limits, nativeSyntaxes, streamOf } from './data-set.test-support.ts';
import { writeDataSet } from './data-set-codec.ts';
import { writePart10Head } from './part10.ts';
import { transcode } from './transcode.ts';
import { knownUid } from './uid.ts';

const sopClassUid = knownUid('1.2.840.10008.5.1.4.1.1.7');
const sopInstanceUid = knownUid('1.2.3.4');
const dataSet = new DataSet()
  .setText(0x00080005, 'CS', 'ISO_IR 192')
  .setText(0x00080016, 'UI', sopClassUid)
  .setText(0x00080018, 'UI', sopInstanceUid)
  .setText(0x00100010, 'PN', 'Müller^Eva')
  .setNumber(0x00280010, 'US', 258)
  .setNumber(0x00280103, 'US', 1)
  .setNumber(0x00280106, 'SS', -2)
  .setItems(0x00400275, [new DataSet().setText(0x00400009, 'SH', 'STEP1'), new DataSet()])
  .setNumber(0x00189087, 'FD', 1000.5)
  .setBytes(0x7fe00010, 'OW', Uint8Array.of(1, 2, 3, 4));

for (const from of nativeSyntaxes) {
  for (const to of nativeSyntaxes) {
    test(`dcmdump reads what was led from ${from} to ${to}`, needs('dcmdump'), async () => {
      const parts = [writePart10Head({ sopClassUid, sopInstanceUid, transferSyntaxUid: knownUid(to) })];
      const source = streamOf([writeDataSet(dataSet, from)]);
      for await (const part of transcode(source, { from, to, limits })) parts.push(part);
      const folder = mkdtempSync(join(tmpdir(), 'part10-peer-'));
      try {
        const file = join(folder, 'instance.dcm');
        writeFileSync(file, Buffer.concat(parts));
        const dump = spawnSync('dcmdump', ['-q', '+L', file], { encoding: 'utf8', timeout: 10_000 });
        assert.equal(dump.status, 0, dump.stderr);
        for (const line of [
          /\(0010,0010\) PN \[Müller\^Eva\]/,
          /\(0018,9087\) FD 1000\.5/,
          /\(0028,0010\) US 258/,
          /\(0028,0106\) SS -2/,
          /\(0040,0009\) SH \[STEP1\]/,
          /\(7fe0,0010\) OW 0201\\0403/,
        ]) {
          assert.match(dump.stdout, line);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
}
