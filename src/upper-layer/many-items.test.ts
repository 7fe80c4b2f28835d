/** Attack: a small A-ASSOCIATE-RQ of very many tiny items that turns into very much memory. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const program = `
import { limits } from './src/limits.ts';
import { ascii, item, join, uint16, uint32, sized } from './src/upper-layer/byte-writer.ts';
import { readAssociateRequest } from './src/upper-layer/pdu.ts';
const fixed = join(uint16(1), uint16(0), ascii('A'.padEnd(16)), ascii('B'.padEnd(16)), new Uint8Array(32));
const name = item(0x10, ascii('1.2.840.10008.3.1.1.1'));
const subSyntax = item(0x40, ascii('1'));
const information = (...more) => item(0x50, join(item(0x51, uint32(0)), item(0x52, ascii('1')), ...more));
const context = (id, count) =>
  item(0x20, join(Uint8Array.of(id, 0, 0, 0), item(0x30, ascii('1')), ...Array(count).fill(subSyntax)));
const small = Array.from({ length: 128 }, (_, index) => context(index * 2 + 1, 64));
const extended = Array.from({ length: 398 }, (_, index) => item(0x56, join(sized(ascii('1.' + index)), new Uint8Array(60))));
// 128 contexts of 64 transfer syntaxes and all sub-items filled up to 65,622 bytes; the limits refuse anything beyond.
const body = join(fixed, name, ...small, information(...extended.slice(0, 290)));
const before = (gc(), process.memoryUsage());
const kept = [];
const requests = 50;
for (let count = 0; count < requests; count += 1) kept.push(readAssociateRequest(Uint8Array.from(body), limits));
gc();
const after = process.memoryUsage();
const used = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
console.log(JSON.stringify({ bodyBytes: body.length, perRequest: used / requests, contexts: kept[0].presentationContexts.length }));
`;

test('many-items attack: a request of 65 kB keeps less than 2 MiB', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--input-type=module-typescript', '--eval', program],
    { cwd: new URL('../..', import.meta.url) },
  );
  const result: unknown = JSON.parse(stdout);
  assert.ok(typeof result === 'object' && result !== null && 'perRequest' in result && 'bodyBytes' in result);
  const { perRequest, bodyBytes } = result;
  assert.ok(typeof perRequest === 'number' && typeof bodyBytes === 'number');
  assert.ok(bodyBytes > 60_000 && bodyBytes < 80_000, `body had ${bodyBytes} bytes`);
  assert.ok(perRequest < 2 * 1024 * 1024, `kept ${perRequest} bytes`);
});
