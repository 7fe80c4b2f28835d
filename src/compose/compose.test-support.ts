/** For tests of the commands: a real installation in a temporary folder, an operator's call, and synthetic files. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type InstanceFacts, makeInstance, type TestInstance } from '../backends/backend.test-support.ts';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/parse.ts';
import { defaultConfigText } from '../config/render.ts';
import { writePart10Head } from '../dicom/part10.ts';
import type { Call, ControlServices } from '../doors/control/control-services.ts';
import { isUid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { quietLog } from '../log.ts';
import { importExportServices } from './control-import-export.ts';
import { ledgerServices } from './control-ledger.ts';
import { studyServices } from './control-studies.ts';
import { type Installation, openInstallation } from './installation.ts';

export type TestServices = Pick<
  ControlServices,
  keyof ReturnType<typeof studyServices> | keyof ReturnType<typeof ledgerServices>
> &
  ReturnType<typeof importExportServices>;

export interface TestHouse extends AsyncDisposable {
  readonly directory: string;
  readonly installation: Installation;
  readonly services: TestServices;
}

export async function tempFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'leadglass-compose-'));
}

export async function openHouse(archive: Partial<Config['archive']> = {}, folder?: string): Promise<TestHouse> {
  const directory = folder ?? (await tempFolder());
  const preset = parseConfig(defaultConfigText(), 'leadglass.yaml');
  const config: Config = { ...preset, archive: { ...preset.archive, retentionDays: 0, ...archive } };
  const installation = await openInstallation(directory, config, { log: quietLog });
  const services = {
    ...studyServices(installation),
    ...importExportServices(installation),
    ...ledgerServices(installation),
  };
  return {
    directory,
    installation,
    services,
    async [Symbol.asyncDispose]() {
      await installation[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function callOf(command = 'test', signal = new AbortController().signal): Call {
  return { caller: { user: 'ada' }, command, signal, progress: () => undefined };
}

export interface TestFile extends TestInstance {
  readonly file: Uint8Array;
}

/** A whole file around a synthetic instance; `preamble` at its start. */
export function makeFile(facts: InstanceFacts = {}, preamble: Uint8Array = new Uint8Array(128)): TestFile {
  const instance = makeInstance(facts);
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance.operation;
  const head = writePart10Head({ sopClassUid, sopInstanceUid, transferSyntaxUid, preamble });
  return { ...instance, file: new Uint8Array(Buffer.concat([head, instance.bytes])) };
}

/** The bytes in pieces. */
export async function* pieces(bytes: Uint8Array, lengthBytes = 100): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += lengthBytes) yield bytes.subarray(at, at + lengthBytes);
}

/** Imports files as one session. */
export async function importFiles({ services }: TestHouse, ...files: readonly { readonly file: Uint8Array }[]) {
  const session = await services.beginImport(callOf('import'));
  const outcomes = await Promise.all(files.map(({ file }) => session.store(pieces(file))));
  await session.end('done');
  return outcomes;
}

export async function exportFiles({ services }: TestHouse, studyInstanceUid: string): Promise<readonly Buffer[]> {
  const session = await services.beginExport(callOf('study export'), { studyInstanceUid, reason: 'test' });
  const files: Buffer[] = [];
  for (const index of session.instances.keys()) {
    files.push(Buffer.concat(await Array.fromAsync(session.read(index))));
  }
  await session.end('done');
  return files;
}

/** Every record, oldest first. */
export async function records({ installation }: TestHouse): Promise<readonly LedgerRecord[]> {
  return Array.fromAsync(installation.ledger.query({ order: 'oldest-first' }));
}

/** The records that came after `seq`, as `code outcome`. */
export async function codesSince(house: TestHouse, seq: number): Promise<readonly string[]> {
  return (await records(house)).filter((record) => record.seq > seq).map(({ event, outcome }) => `${event} ${outcome}`);
}

/** For assert.rejects: a LeadglassError of this code whose message says this. */
export function refusal(code: LeadglassError['code'], words: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof LeadglassError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
    return true;
  };
}

export function uidIn(text: string) {
  assert.ok(isUid(text));
  return text;
}
