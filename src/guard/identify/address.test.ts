import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { addressAllowed, addressKey, parseAddress, parseAddressRange } from './address.ts';

test('a range holds its first and last address and not the ones beside it', () => {
  const cases = [
    ['10.1.2.0/24', '10.1.2.0', '10.1.2.255', '10.1.1.255', '10.1.3.0'],
    ['10.1.2.4/30', '10.1.2.4', '10.1.2.7', '10.1.2.3', '10.1.2.8'],
    ['10.1.2.3/32', '10.1.2.3', '10.1.2.3', '10.1.2.2', '10.1.2.4'],
    ['128.0.0.0/1', '128.0.0.0', '255.255.255.255', '127.255.255.255', '0.0.0.0'],
    [
      '2001:db8::/32',
      '2001:db8::',
      '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
      '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff',
      '2001:db9::',
    ],
    ['2001:db8::1/128', '2001:db8::1', '2001:db8::1', '2001:db8::', '2001:db8::2'],
    ['fe80::/10', 'fe80::', 'febf::1', 'fe7f::1', 'fec0::'],
  ] as const;
  for (const [range, first, last, below, above] of cases) {
    assert.deepEqual(
      [first, last, below, above].map((address) => addressAllowed([range], address)),
      [true, true, false, false],
      range,
    );
  }
});

test('an IPv4-mapped address is the IPv4 address that it carries', () => {
  assert.equal(addressAllowed(['10.1.2.3/32'], '::ffff:10.1.2.3'), true);
  assert.equal(addressAllowed(['10.1.2.3/32'], '::ffff:a01:203'), true);
  assert.equal(addressAllowed(['::ffff:10.1.2.0/120'], '10.1.2.9'), true);
  assert.equal(addressAllowed(['::ffff:10.1.2.0/120'], '10.1.3.0'), false);
  assert.equal(addressAllowed(['10.1.2.3/32'], '::10.1.2.3'), false);
});

test('families do not mix: everything of IPv6 is nothing of IPv4', () => {
  assert.equal(addressAllowed(['::/0'], '10.1.2.3'), false);
  assert.equal(addressAllowed(['0.0.0.0/0'], '2001:db8::1'), false);
  assert.equal(addressAllowed(['::/0'], '2001:db8::1'), true);
  assert.equal(addressAllowed(['0.0.0.0/0'], '10.1.2.3'), true);
});

test('no ranges hold every address, but not a text that is none', () => {
  assert.equal(addressAllowed([], '10.1.2.3'), true);
  assert.equal(addressAllowed([], 'fe80::1%eth0'), true);
  for (const text of ['', 'localhost', '10.1.2', '10.1.2.3.4', '::1::', '10.1.2.3; DROP TABLE']) {
    assert.equal(addressAllowed([], text), false, text);
  }
});

test('a range that cannot be read holds nothing', () => {
  for (const text of [
    '',
    '10.1.2.0/33',
    '0.0.0.0/33',
    '::/129',
    '::ffff:0.0.0.0/95',
    '2001:db8::/129',
    '10.1.2.0/',
    '10.1.2.0/-1',
    '10.1.2.0/024',
    '10.1.2.0/24/8',
    'x/8',
    '::ffff:10.0.0.0/95',
    'fe80::1%lo/64',
  ]) {
    assert.equal(parseAddressRange(text), undefined, text);
    assert.equal(addressAllowed([text], '10.1.2.0'), false, text);
  }
});

test('host bits outside the prefix are a mistake, not a wider range', () => {
  assert.equal(parseAddressRange('10.1.2.3/24'), undefined);
  assert.equal(parseAddressRange('10.1.2.128/25')?.text, '10.1.2.128/25');
  assert.equal(parseAddressRange('2001:db8::1/64'), undefined);
});

test('every range has one spelling', () => {
  assert.equal(parseAddressRange('10.1.2.3')?.text, '10.1.2.3/32');
  assert.equal(parseAddressRange('2001:DB8:0:0:0:0:0:0/32')?.text, '2001:db8::/32');
  assert.equal(parseAddressRange('::ffff:10.0.0.0/104')?.text, '10.0.0.0/8');
  assert.equal(addressKey('2001:db8:0:1:0:0:0:1'), '2001:db8:0:1::1');
  assert.equal(addressKey('::'), '::');
  assert.equal(addressKey('1:0:0:2:0:0:3:4'), '1::2:0:0:3:4');
  assert.equal(addressKey('not an address'), 'not an address');
});

test('what is written is read as the same address', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const key = addressKey(text);
      assert.notEqual(isIP(key), 0, text);
      assert.deepEqual(parseAddress(key), parseAddress(text));
    }),
    { numRuns: 2000 },
  );
});

test('an address is inside a range exactly when their first bits are the same', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (one, other, length) => {
      const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      const network = Math.floor(number(one) / 2 ** (32 - length)) * 2 ** (32 - length);
      const dotted = [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.');
      const inside = number(other) >= network && number(other) < network + 2 ** (32 - length);
      assert.equal(addressAllowed([`${dotted}/${length}`], other), inside);
    }),
    { numRuns: 2000 },
  );
});
