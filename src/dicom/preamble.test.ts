import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf } from './data-set.test-support.ts';
import { classifyPreamble, type PreambleKind, type PreamblePolicy, safePreamble } from './preamble.ts';

const preamble = (start: string): Uint8Array => bytesOf(start, new Uint8Array(128 - start.length));

const kinds: readonly (readonly [string, PreambleKind])[] = [
  ['', 'zero'],
  ['II*\0\x08\0\0\0', 'tiff'],
  ['MM\0*\0\0\0\x08', 'tiff'],
  ['II+\0', 'tiff'],
  ['MZ\x90\0', 'executable'],
  ['\x7fELF\x02\x01', 'executable'],
  ['\xcf\xfa\xed\xfe', 'executable'],
  ['\xca\xfe\xba\xbe', 'executable'],
  ['PK\x03\x04', 'executable'],
  ['#!/bin/sh\n', 'script'],
  ['\xef\xbb\xbf \n<?php', 'script'],
  ['<html><script>', 'script'],
  ['@echo off\r\n', 'script'],
  ['%PDF-1.7', 'script'],
  ['\0\0\0\x01', 'other'],
  ['Papyrus 3.0', 'other'],
];
for (const [start, kind] of kinds) {
  test(`a preamble starting with ${JSON.stringify(start)} is ${kind}`, () => {
    assert.equal(classifyPreamble(preamble(start)), kind);
  });
}

test('no policy hands out a program or a script', () => {
  for (const policy of ['keep-hand-out-zeroed', 'zero', 'keep-tiff'] satisfies PreamblePolicy[]) {
    for (const [start, kind] of kinds) {
      if (kind === 'executable' || kind === 'script') {
        assert.deepEqual(safePreamble(preamble(start), policy), new Uint8Array(128));
      }
    }
  }
});

test('a TIFF header stays unless the policy is zero, and anything else only where as little as possible is changed', () => {
  const tiff = preamble('II*\0');
  const other = preamble('Papyrus');
  assert.deepEqual(safePreamble(tiff, 'keep-tiff'), tiff);
  assert.deepEqual(safePreamble(tiff, 'keep-hand-out-zeroed'), tiff);
  assert.deepEqual(safePreamble(tiff, 'zero'), new Uint8Array(128));
  assert.deepEqual(safePreamble(other, 'keep-hand-out-zeroed'), other);
  assert.deepEqual(safePreamble(other, 'keep-tiff'), new Uint8Array(128));
});
