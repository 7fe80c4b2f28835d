/** The media type of a video's stream: only what its first bytes are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { isVideoSyntax, videoHeadBytes, videoType } from './video-type.ts';

const { MPEG2MPML, MPEG4HP41, MPEG4HP41BDF, HEVCMP51, ExplicitVrLittleEndian } = TransferSyntaxes;
const startCode = (...bytes: readonly number[]): Uint8Array => new Uint8Array([0, 0, 0, 1, ...bytes]);
const program = new Uint8Array([0, 0, 1, 0xba, 0x44]);
const mp4 = Buffer.from('\0\0\0\u0018ftypisom');

function transport(at: number, every: number): Uint8Array {
  const head = new Uint8Array(videoHeadBytes);
  for (let sync = at; sync < head.length; sync += every) head[sync] = 0x47;
  return head;
}

test('a video has the type of its container or stream', () => {
  const types = [
    [MPEG2MPML, program, 'video/mpeg'],
    [MPEG2MPML, new Uint8Array([0, 0, 1, 0xb3]), 'video/mpeg'],
    [MPEG2MPML, transport(0, 188), 'video/mp2t'],
    [MPEG4HP41BDF, transport(4, 192), 'video/mp2t'],
    [MPEG4HP41, mp4, 'video/mp4'],
    [HEVCMP51, mp4, 'video/mp4'],
    [MPEG4HP41, startCode(0x67), 'video/h264'],
    [MPEG4HP41, startCode(0x09), 'video/h264'],
    [HEVCMP51, startCode(0x40, 1), 'video/h265'],
    [HEVCMP51, startCode(0x46, 1), 'video/h265'],
  ] as const;
  for (const [syntax, head, type] of types) assert.equal(videoType(syntax, head), type);
});

test('what begins as nothing known has no type, however short', () => {
  for (const head of [
    Buffer.from('<html>'),
    startCode(0xe7),
    startCode(),
    new Uint8Array(0),
    new Uint8Array(videoHeadBytes),
  ]) {
    for (const syntax of [MPEG2MPML, MPEG4HP41, HEVCMP51]) assert.equal(videoType(syntax, head), undefined);
  }
  // HEVC in the syntax of H.264.
  assert.equal(videoType(MPEG4HP41, startCode(0x40, 1)), undefined);
  assert.equal(videoType(ExplicitVrLittleEndian, mp4), undefined);
  assert.ok(!isVideoSyntax(ExplicitVrLittleEndian) && isVideoSyntax(HEVCMP51));
});
