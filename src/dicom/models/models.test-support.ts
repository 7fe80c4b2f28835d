/** For tests of the models: documents as objects, all values written out. */
import assert from 'node:assert/strict';
import { LeadglassError } from '../../error.ts';
import { limits } from '../../limits.ts';
import type { DataSet } from '../data-set.ts';
import { encodeModel } from './encode-model.ts';
import type { ModelReadLimits } from './model-limits.ts';
import type { ReadModel } from './read-model.ts';
import { readJsonModels } from './read-json.ts';
import { readXmlModel } from './read-xml.ts';
import { writeInstanceModel, writeModel } from './write-model.ts';

export interface JsonAttribute {
  readonly vr: string;
  readonly Value?: readonly unknown[];
  readonly InlineBinary?: string;
  readonly BulkDataURI?: string;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null;
}

export type JsonObject = Readonly<Record<string, JsonAttribute>>;

export const wideLimits = { ...limits.dataSet, ...limits.model, inlineValueBytesMax: 64 * 1024 ** 2 };

export function jsonOf(dataSet: DataSet): JsonObject {
  return JSON.parse(jsonTextOf(dataSet));
}

/** As text, since JSON.stringify forgets the sign of zero. */
export function jsonTextOf(dataSet: DataSet): string {
  return Buffer.from(writeModel('json', dataSet, { limits: wideLimits })).toString('utf8');
}

export function xmlOf(dataSet: DataSet): string {
  return Buffer.from(writeModel('xml', dataSet, { limits: wideLimits })).toString('utf8');
}

export async function jsonOfInstance(
  source: AsyncIterable<Uint8Array>,
  transferSyntaxUid: string,
): Promise<JsonObject> {
  const parts: Uint8Array[] = [];
  const options = { transferSyntaxUid, limits: wideLimits };
  for await (const part of writeInstanceModel('json', source, options)) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
}

/** The one data set of this document. */
export function readJson(document: unknown, readLimits: ModelReadLimits = limits.model): ReadModel {
  const text = typeof document === 'string' ? document : JSON.stringify([document]);
  const models = readJsonModels(Buffer.from(text), readLimits);
  assert.equal(models.length, 1);
  return models[0] ?? assert.fail('no data set');
}

/** A document of these attributes, as text. */
export function xmlDocument(content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel xml:space="preserve">${content}</NativeDicomModel>`;
}

export function readXml(document: string, readLimits: ModelReadLimits = limits.model): ReadModel {
  return readXmlModel(Buffer.from(document), readLimits);
}

export function refused(read: () => unknown, pattern: RegExp, code = 'MALFORMED'): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof LeadglassError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    return true;
  });
}

export async function bytesOfModel(model: ReadModel, resolve: Parameters<typeof encodeModel>[1]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of encodeModel(model, resolve)) parts.push(part);
  return Buffer.concat(parts);
}

/** Processor time of this process so far, which other programs on the machine do not lengthen. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
