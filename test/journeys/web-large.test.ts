/**
 * A study that is larger than the memory that the server may take for it goes in by one request and out by one, bit for bit:
 * bodies stream. `bench/web-large.ts` is the same with 10 GB.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { largeStudy, memoryOf, retrieveLarge, storeLarge, type WebTarget } from '../../bench/support/large-study.ts';
import { type Device, Leadglass } from '../support/leadglass.ts';

const megabyte = 1024 ** 2;

function targetOf(leadglass: Leadglass, { folder }: Device): WebTarget {
  const file = (name: string): Buffer => readFileSync(join(folder, name));
  const agent = new https.Agent({ keepAlive: true, key: file('key.pem'), cert: file('cert.pem'), ca: file('ca.pem') });
  return { base: `https://localhost:${leadglass.consolePort}/dicom-web`, agent };
}

for (const [what, instances, side] of [
  ['six hundred slices of half a megabyte', 600, 512],
  ['three instances of a hundred megabytes', 3, 7_240],
] as const) {
  test(`300 MB as ${what} go in and out while the server's memory stays flat`, async () => {
    await using leadglass = await Leadglass.start();
    const device = await leadglass.enrol('WEB1', 'archive', '--door', 'web');
    const target = targetOf(leadglass, device);
    // Once, so that what is made once is there.
    await storeLarge(target, largeStudy('warm', { instances: 30, side: 512 }));
    const before = memoryOf(leadglass.pid).anonymousMb;
    const study = largeStudy('large', { instances, side });
    let mostMb = 0;
    const watch = (): void => {
      mostMb = Math.max(mostMb, memoryOf(leadglass.pid).anonymousMb);
    };
    const watching = setInterval(watch, 50);
    const stored = await storeLarge(target, study, watch);
    const retrieved = await retrieveLarge(target, study, watch);
    clearInterval(watching);
    target.agent.destroy();
    assert.ok(stored > 299 * megabyte && retrieved > 299 * megabyte, `${stored}, ${retrieved}`);
    // Measured 60 to 100: heap, buffers under way in both directions, the page of the sealing thread. 300 were the study itself.
    assert.ok(mostMb - before < 200, `from ${before.toFixed(0)} to ${mostMb.toFixed(0)} MB`);
  });
}
