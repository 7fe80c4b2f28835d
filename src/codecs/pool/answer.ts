/**
 * What a worker answers, looked at as what a stranger sends: a codec may have been taken over by the frame that it read. Only
 * what was asked for gets through.
 */
import { type ErrorCode, LeadglassError } from '../../error.ts';
import { type DrawnPicture, type DrawRequest, drawnBytesMax } from '../draw-frame.ts';
import { type CodecLimits, encodedBytesMax, frameBytes } from '../frame.ts';
import type { Job, Outcome } from './protocol.ts';

const failures: readonly ErrorCode[] = ['MALFORMED', 'UNSUPPORTED', 'LIMIT_EXCEEDED', 'OUT_OF_RESOURCES'];
const colours: readonly string[] = ['RGB', 'YBR_FULL', 'YBR_FULL_422', 'YBR_RCT', 'YBR_ICT'];

/**
 * The frame in this answer.
 * @throws LeadglassError as the worker told it, or INTERNAL when the answer is none to this job
 */
export function frameIn(message: unknown, job: Job, limits: CodecLimits): Outcome {
  if (!isRecord(message)) throw foreign();
  if (message['kind'] === 'failed') throw failure(message);
  const frame = message['frame'];
  if (!isRecord(frame)) throw foreign();
  if (job.kind === 'draw') {
    if (message['kind'] !== 'drawn') throw foreign();
    return pictureIn(frame, job.request);
  }
  const facts = job.request.facts;
  const { photometricInterpretation, planarConfiguration } = frame;
  if (typeof photometricInterpretation !== 'string') throw foreign();
  const isDeclared = photometricInterpretation === facts.photometricInterpretation;
  if (!isDeclared && !colours.includes(photometricInterpretation)) throw foreign();
  if (planarConfiguration !== 0 && planarConfiguration !== 1) throw foreign();
  if (job.kind === 'decode') {
    const pixels = wholeBuffer(frame['pixels']);
    if (message['kind'] !== 'decoded' || pixels.length !== frameBytes(facts, limits)) throw foreign();
    return { pixels, photometricInterpretation, planarConfiguration };
  }
  const bytes = wholeBuffer(frame['bytes']);
  if (message['kind'] !== 'encoded' || bytes.length > encodedBytesMax(facts, limits)) throw foreign();
  return { bytes, photometricInterpretation, planarConfiguration, lossy: frame['lossy'] === true };
}

const beginnings = { 'image/jpeg': [0xff, 0xd8, 0xff], 'image/png': [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] };

/** It goes to a browser as it is, so it begins as its media type does. */
function pictureIn(frame: Readonly<Record<string, unknown>>, request: DrawRequest): DrawnPicture {
  const bytes = wholeBuffer(frame['bytes']);
  const { width, height } = frame;
  if (!isSide(width) || !isSide(height)) throw foreign();
  const isOfType = beginnings[request.type].every((byte, at) => bytes[at] === byte);
  // Neither format gets longer than its pixels by more than tables, line marks and headers.
  if (!isOfType || bytes.length > 2 * drawnBytesMax(request) + 1024 ** 2) throw foreign();
  return { bytes, width, height };
}

function isSide(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535;
}

function failure(message: Readonly<Record<string, unknown>>): LeadglassError {
  const code = failures.find((known) => known === message['code']);
  const text = message['message'];
  const told = message['detail'];
  const detail = typeof told === 'string' ? printable(told) : '';
  if (code === undefined || typeof text !== 'string') {
    return new LeadglassError('INTERNAL', 'Cannot convert the frame: internal error; the log has the details', {
      detail,
    });
  }
  return new LeadglassError(code, printable(text), { field: 'Pixel Data', ...(detail === '' ? {} : { detail }) });
}

function foreign(): LeadglassError {
  return new LeadglassError('INTERNAL', 'Cannot convert the frame: internal error; the log has the details', {
    detail: 'a codec worker gave an answer that is none to its job',
  });
}

function wholeBuffer(value: unknown): Uint8Array<ArrayBuffer> {
  if (value instanceof Uint8Array && value.buffer instanceof ArrayBuffer) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  throw foreign();
}

/** One line of plain text of bounded length. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 300);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
