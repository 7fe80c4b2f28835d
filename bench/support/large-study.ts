/**
 * A study of any size through the web door: instances are made while they are sent and compared while they come back, so that the
 * client holds one of them. Deliberately apart from src/, as raw-dicom.ts.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import { part10Head, type SyntheticInstance, syntheticCt, syntheticPixels, uidFor } from './raw-dicom.ts';

export interface LargeStudy {
  readonly studyInstanceUid: string;
  readonly instances: number;
  readonly pixels: Buffer;
  instance(number: number): SyntheticInstance;
}

/** @param side rows and columns of each instance, 16 bits a pixel */
export function largeStudy(seed: string, { instances, side }: { readonly instances: number; readonly side: number }) {
  const pixels = syntheticPixels(side * side * 2);
  const study: LargeStudy = {
    studyInstanceUid: uidFor(`${seed}/1/study`),
    instances,
    pixels,
    instance: (number) => syntheticCt({ seed, patient: 1, instance: number, rows: side, columns: side, pixels }),
  };
  return study;
}

export interface WebTarget {
  /** `https://host:port/dicom-web` */
  readonly base: string;
  readonly agent: https.Agent;
}

const boundary = 'edge-of-a-large-study';

/** All instances in one request. Told after each how many bytes have gone out. @returns bytes of the body */
export async function storeLarge(
  { base, agent }: WebTarget,
  study: LargeStudy,
  progress: (bytes: number) => void = () => undefined,
): Promise<number> {
  const request = https.request(`${base}/studies`, {
    agent,
    method: 'POST',
    headers: {
      accept: 'application/dicom+json',
      'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
    },
  });
  const answered = responseOf(request);
  answered.catch(() => undefined);
  let bytes = 0;
  const send = async (piece: Buffer): Promise<void> => {
    bytes += piece.length;
    if (!request.write(piece)) await Promise.race([once(request, 'drain'), answered]);
  };
  for (let number = 1; number <= study.instances; number += 1) {
    const { header, sopInstanceUid } = study.instance(number);
    const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
    await send(Buffer.concat([Buffer.from(head), part10Head(sopInstanceUid), header]));
    for (let at = 0; at < study.pixels.length; at += pieceBytes) {
      await send(study.pixels.subarray(at, at + pieceBytes));
      progress(bytes);
    }
    await send(Buffer.from('\r\n'));
  }
  request.end(`--${boundary}--\r\n`);
  const response = await answered;
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  if (response.statusCode !== 200) throw new Error(`STOW answered ${response.statusCode}: ${text.slice(0, 500)}`);
  const stored = text.match(/"00081155"/g)?.length ?? 0;
  if (stored !== study.instances) throw new Error(`STOW names ${stored} of ${study.instances} instances`);
  return bytes;
}

const pieceBytes = 1024 ** 2;

function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => request.once('response', resolve).once('error', reject));
}

/** The whole study in one request, each instance compared with what was sent. @returns bytes of the body */
export async function retrieveLarge(
  { base, agent }: WebTarget,
  study: LargeStudy,
  progress: (bytes: number) => void = () => undefined,
): Promise<number> {
  const request = https.request(`${base}/studies/${study.studyInstanceUid}`, {
    agent,
    headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
  });
  const answered = responseOf(request);
  request.end();
  const response = await answered;
  if (response.statusCode !== 200) throw new Error(`WADO answered ${response.statusCode}`);
  const parts = new PartChecker(study);
  let bytes = 0;
  for await (const chunk of response) {
    if (!(chunk instanceof Buffer)) throw new Error('No bytes');
    bytes += chunk.length;
    parts.take(chunk);
    progress(bytes);
  }
  if (parts.whole !== study.instances) throw new Error(`${parts.whole} of ${study.instances} instances came whole`);
  const promised = response.headers['content-length'];
  if (promised !== undefined && Number(promised) !== bytes) throw new Error(`${bytes} bytes of ${promised} came`);
  return bytes;
}

/** Takes parts by their Content-Length and compares their pixels, which stand at their end. */
class PartChecker {
  whole = 0;
  readonly #study: LargeStudy;
  #head = Buffer.alloc(0);
  #left = 0;

  constructor(study: LargeStudy) {
    this.#study = study;
  }

  take(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#left > 0 ? this.#body(rest) : this.#headers(rest);
  }

  #headers(chunk: Buffer): Buffer {
    const { length: before } = this.#head;
    this.#head = Buffer.concat([this.#head, chunk]);
    const at = this.#head.indexOf('\r\n\r\n');
    if (at < 0) {
      if (this.#head.length > 4096) throw new Error('A part has no end of its headers');
      return Buffer.alloc(0);
    }
    const length = /content-length: (\d+)/i.exec(this.#head.toString('latin1', 0, at))?.[1];
    if (length === undefined) throw new Error('A part without Content-Length');
    this.#left = Number(length);
    this.#head = Buffer.alloc(0);
    return chunk.subarray(at + 4 - before);
  }

  #body(chunk: Buffer): Buffer {
    const { pixels } = this.#study;
    const piece = chunk.subarray(0, this.#left);
    // Where in the pixels it begins; below 0 in front of them.
    const at = pixels.length - this.#left;
    const skipped = Math.max(0, -at);
    const compared = piece.subarray(skipped);
    const from = at + skipped;
    if (compared.compare(pixels, from, from + compared.length) !== 0) throw new Error('Other pixels than were sent');
    this.#left -= piece.length;
    if (this.#left === 0) this.whole += 1;
    return chunk.subarray(piece.length);
  }
}

export interface Memory {
  /** Megabytes of 1024² bytes: resident now, of that anonymous (heap, buffers, stacks), and the largest resident so far. */
  readonly residentMb: number;
  readonly anonymousMb: number;
  readonly peakMb: number;
}

/** Of a process with all its threads. */
export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024;
  return { residentMb: megabytes('VmRSS'), anonymousMb: megabytes('RssAnon'), peakMb: megabytes('VmHWM') };
}
