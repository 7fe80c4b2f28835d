import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStatus, statusClass, type StatusClass } from './status.ts';

const expected: readonly (readonly [status: number, kind: StatusClass, text: string])[] = [
  [0x0000, 'success', '0x0000 success'],
  [0x0001, 'warning', '0x0001 requested optional attributes not supported'],
  [0x0107, 'warning', '0x0107 attribute list error'],
  [0x0110, 'failure', '0x0110 processing failure'],
  [0x0116, 'warning', '0x0116 attribute value out of range'],
  [0x0124, 'failure', '0x0124 not authorized'],
  [0xa700, 'failure', '0xA700 out of resources'],
  [0xa7ff, 'failure', '0xA7FF out of resources'],
  [0xa801, 'failure', '0xA801 move destination unknown'],
  [0xa900, 'failure', '0xA900 data set does not match SOP class'],
  [0xb000, 'warning', '0xB000 warning'],
  [0xbfff, 'warning', '0xBFFF warning'],
  [0xc000, 'failure', '0xC000 cannot understand or process'],
  [0xcfff, 'failure', '0xCFFF cannot understand or process'],
  [0xfe00, 'cancel', '0xFE00 cancelled'],
  [0xff00, 'pending', '0xFF00 pending'],
  [0xff01, 'pending', '0xFF01 pending, optional keys not supported'],
  [0xff02, 'failure', '0xFF02 failure'],
  [0x1234, 'failure', '0x1234 failure'],
];

for (const [status, kind, text] of expected) {
  test(`${text} counts as ${kind}`, () => {
    assert.equal(statusClass(status), kind);
    assert.equal(describeStatus(status), text);
  });
}

test('every 16-bit value falls into one class, and only two are pending', () => {
  let pending = 0;
  for (let status = 0; status <= 0xffff; status += 1) if (statusClass(status) === 'pending') pending += 1;
  assert.equal(pending, 2);
});
