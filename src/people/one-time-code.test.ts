import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { codeAt, codeStep, matchingStep, provisioningUri, qrSvg, toBase32 } from './one-time-code.ts';
import { fromBase32, testLimits as limits } from './people.test-support.ts';
import { makeRecoveryCode, recoveryCodeHash } from './recovery-code.ts';

/** RFC 4226 Appendix D and RFC 6238 Appendix B, SHA-1. */
const secret = Buffer.from('12345678901234567890');

test('the codes are those of RFC 4226 Appendix D', () => {
  const expected = ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489'];
  assert.deepEqual(
    expected.map((_, counter) => codeAt(secret, counter, { codeDigits: 6 })),
    expected,
  );
});

test('the codes are those of RFC 6238 Appendix B', () => {
  const expected: readonly [number, string][] = [
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ];
  for (const [seconds, code] of expected) {
    assert.equal(codeAt(secret, codeStep(seconds * 1000, limits), { codeDigits: 8 }), code);
  }
});

test('a code fits in its step and one to each side, and in no other', () => {
  const step = 1_000_000;
  const code = codeAt(secret, step, limits);
  for (const aside of [-3, -2, -1, 0, 1, 2, 3]) {
    const nowMs = (step + aside) * 30_000;
    const found = matchingStep(secret, code, nowMs, limits);
    assert.equal(found, Math.abs(aside) <= 1 ? step : undefined, String(aside));
  }
  assert.equal(matchingStep(secret, code, step * 30_000 + 59_999, limits), step);
  assert.equal(matchingStep(secret, code, step * 30_000 + 60_000, limits), undefined);
});

test('spaces are forgiven; what is no code is none', () => {
  const nowMs = 30_000_000;
  const code = codeAt(secret, codeStep(nowMs, limits), limits);
  assert.notEqual(matchingStep(secret, ` ${code.slice(0, 3)} ${code.slice(3)} `, nowMs, limits), undefined);
  const none = ['', code.slice(1), `${code}0`, `-${code.slice(1)}`, code.replace(/./, '٣'), ' '.repeat(100_000), '\0'];
  for (const typed of none) assert.equal(matchingStep(secret, typed, nowMs, limits), undefined);
});

test('no text makes the check fail otherwise than by saying no', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(), (typed, nowMs) => {
      const step = matchingStep(secret, typed, nowMs, limits);
      assert.ok(step === undefined || Math.abs(step - codeStep(nowMs, limits)) <= 1);
    }),
  );
});

test('base32 is that of RFC 4648 section 10, without padding, for all bytes', () => {
  const vectors = { f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB', foobar: 'MZXW6YTBOI' };
  for (const [text, expected] of Object.entries(vectors)) assert.equal(toBase32(Buffer.from(text)), expected);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      assert.deepEqual(fromBase32(toBase32(bytes)), Buffer.from(bytes));
    }),
  );
});

test('the provisioning URI keeps names apart whatever they hold, and its picture is an SVG without script', () => {
  const uri = provisioningUri(secret, { issuer: 'Saint Mary: PACS & more', email: 'a+b@x.example', limits });
  const url = new URL(uri);
  assert.equal(url.searchParams.get('secret'), toBase32(secret));
  assert.equal(url.searchParams.get('issuer'), 'Saint Mary: PACS & more');
  assert.equal(decodeURIComponent(url.pathname).split(':').length, 2);
  const svg = qrSvg(uri);
  assert.match(svg, /^<svg [^>]*viewBox="0 0 \d+ \d+"/);
  assert.doesNotMatch(svg, /script|style|href|on[a-z]+=/i);
});

test('recovery codes are read as people write them, bound to their account and their key', () => {
  const pepper = Buffer.alloc(32, 1);
  const code = makeRecoveryCode();
  assert.match(code, /^(?:[0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
  const hash = recoveryCodeHash(pepper, 1, code);
  assert.deepEqual(recoveryCodeHash(pepper, 1, ` ${code.toUpperCase().replaceAll('-', '')} `), hash);
  assert.deepEqual(
    recoveryCodeHash(pepper, 1, code.replaceAll('0', 'O').replaceAll('1', 'l')),
    hash,
    'letters that look like digits',
  );
  assert.notDeepEqual(recoveryCodeHash(pepper, 2, code), hash);
  assert.notDeepEqual(recoveryCodeHash(Buffer.alloc(32, 2), 1, code), hash);
  for (const typed of ['', 'abcd', `${code}0`, 'x'.repeat(100_000), '\0'.repeat(16)]) {
    assert.equal(recoveryCodeHash(pepper, 1, typed), undefined);
  }
});
