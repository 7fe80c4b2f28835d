/**
 * The load generator, run as a process of its own: `node bench/support/load.ts '{"work":"store", …}'` prints one JSON line
 * with the figures. Everything that is sent is made before the clock starts.
 */
import { type Message, RawAssociation, type Target } from './raw-association.ts';
import {
  ctImageStorage,
  echoRequest,
  explicitLittleEndian,
  identifier,
  queryRequest,
  storeRequest,
  storeResponse,
  syntheticCt,
  type SyntheticInstance,
  syntheticPixels,
} from './raw-dicom.ts';

const studyRootFind = '1.2.840.10008.5.1.4.1.2.2.1';
const studyRootGet = '1.2.840.10008.5.1.4.1.2.2.3';
const verification = '1.2.840.10008.1.1';
const implicitLittleEndian = '1.2.840.10008.1.2';

export type Work =
  | {
      readonly work: 'store';
      readonly target: Target;
      readonly associations: number;
      readonly count: number;
      readonly rows: number;
      readonly columns: number;
      readonly frames?: number;
      readonly seed: string;
      readonly patients?: number;
    }
  | { readonly work: 'get'; readonly target: Target; readonly studyInstanceUid: string; readonly times: number }
  | {
      readonly work: 'find';
      readonly target: Target;
      readonly identifiers: readonly (readonly (readonly [number, number, string, string])[])[];
      readonly times: number;
    }
  | {
      readonly work: 'associate';
      readonly target: Target;
      readonly parallel: number;
      readonly seconds: number;
      readonly resume: boolean;
    };

export interface Figures {
  readonly seconds: number;
  readonly operations: number;
  readonly bytes: number;
  readonly failed: number;
  /** Milliseconds per operation, sorted, where operations are timed one by one. */
  readonly latenciesMs?: readonly number[];
  readonly matches?: number;
  readonly resumed?: number;
}

async function store(work: Extract<Work, { work: 'store' }>): Promise<Figures> {
  const pixels = syntheticPixels(work.rows * work.columns * 2 * (work.frames ?? 1));
  const perPatient = Math.ceil(work.count / (work.patients ?? 1));
  const instances: SyntheticInstance[] = [];
  for (let index = 0; index < work.count; index += 1) {
    instances.push(
      syntheticCt({
        seed: work.seed,
        patient: Math.floor(index / perPatient) + 1,
        instance: index + 1,
        rows: work.rows,
        columns: work.columns,
        pixels,
        ...(work.frames === undefined ? {} : { frames: work.frames }),
      }),
    );
  }
  const context = { id: 1, abstractSyntax: ctImageStorage, transferSyntaxes: [explicitLittleEndian] };
  const associations: RawAssociation[] = [];
  for (let index = 0; index < work.associations; index += 1) {
    associations.push(await RawAssociation.open(work.target, [context]));
  }
  let failed = 0;
  let bytes = 0;
  let next = 0;
  const started = performance.now();
  await Promise.all(
    associations.map(async (association) => {
      for (let messageId = 1; ; messageId += 1) {
        const instance = instances[next];
        if (instance === undefined) break;
        next += 1;
        const answer = association.next();
        await association.send(1, storeRequest(messageId & 0xffff, instance.sopClassUid, instance.sopInstanceUid), [
          instance.header,
          instance.pixels,
        ]);
        const { command } = await answer;
        if (command.status !== 0) failed += 1;
        bytes += instance.header.length + instance.pixels.length;
      }
      await association.release();
    }),
  );
  return { seconds: (performance.now() - started) / 1000, operations: work.count, bytes, failed };
}

async function get(work: Extract<Work, { work: 'get' }>): Promise<Figures> {
  let bytes = 0;
  let operations = 0;
  let failed = 0;
  const started = performance.now();
  for (let time = 0; time < work.times; time += 1) {
    const association = await RawAssociation.open(
      work.target,
      [
        { id: 1, abstractSyntax: studyRootGet, transferSyntaxes: [implicitLittleEndian, explicitLittleEndian] },
        { id: 3, abstractSyntax: ctImageStorage, transferSyntaxes: [explicitLittleEndian] },
      ],
      [ctImageStorage],
    );
    const done = new Promise<number>((resolve, reject) => {
      association.onEveryMessage((message: Message) => {
        if (message.command.field === 0x0001) {
          bytes += message.dataBytes;
          operations += 1;
          const { messageId, sopClassUid, sopInstanceUid } = message.command;
          association.send(message.contextId, storeResponse(messageId, sopClassUid, sopInstanceUid)).catch(reject);
        } else if (message.command.status !== 0xff00) {
          resolve(message.command.status);
        }
      }, reject);
    });
    const explicit = association.contexts.get(1) === explicitLittleEndian;
    const rows = [
      [0x0008, 0x0052, 'CS', 'STUDY'],
      [0x0020, 0x000d, 'UI', work.studyInstanceUid],
    ] as const;
    await association.send(1, queryRequest('get', 1, studyRootGet), [
      explicit ? identifier(rows) : implicitIdentifier(rows),
    ]);
    if ((await done) !== 0) failed += 1;
    await association.release();
  }
  return { seconds: (performance.now() - started) / 1000, operations, bytes, failed };
}

function implicitIdentifier(rows: readonly (readonly [number, number, string, string])[]): Buffer {
  return Buffer.concat(
    rows.map(([group, number, vr, value]) => {
      const padded = value.length % 2 === 0 ? value : `${value}${vr === 'UI' ? '\0' : ' '}`;
      const head = Buffer.alloc(8);
      head.writeUInt16LE(group, 0);
      head.writeUInt16LE(number, 2);
      head.writeUInt32LE(padded.length, 4);
      return Buffer.concat([head, Buffer.from(padded, 'latin1')]);
    }),
  );
}

async function find(work: Extract<Work, { work: 'find' }>): Promise<Figures> {
  const association = await RawAssociation.open(work.target, [
    { id: 1, abstractSyntax: studyRootFind, transferSyntaxes: [implicitLittleEndian] },
  ]);
  const latenciesMs: number[] = [];
  let matches = 0;
  let failed = 0;
  const started = performance.now();
  for (let time = 0; time < work.times; time += 1) {
    const rows = work.identifiers[time % work.identifiers.length] ?? [];
    const at = performance.now();
    const done = new Promise<number>((resolve, reject) => {
      association.onEveryMessage(({ command }) => {
        if (command.status === 0xff00 || command.status === 0xff01) matches += 1;
        else resolve(command.status);
      }, reject);
    });
    await association.send(1, queryRequest('find', (time % 65_000) + 1, studyRootFind), [implicitIdentifier(rows)]);
    if ((await done) !== 0) failed += 1;
    latenciesMs.push(performance.now() - at);
  }
  const seconds = (performance.now() - started) / 1000;
  await association.release();
  return {
    seconds,
    operations: work.times,
    bytes: 0,
    failed,
    matches,
    latenciesMs: latenciesMs.toSorted((a, b) => a - b),
  };
}

async function associate(work: Extract<Work, { work: 'associate' }>): Promise<Figures> {
  const contexts = [{ id: 1, abstractSyntax: verification, transferSyntaxes: [implicitLittleEndian] }];
  let operations = 0;
  let failed = 0;
  let resumed = 0;
  const started = performance.now();
  const until = started + work.seconds * 1000;
  await Promise.all(
    Array.from({ length: work.parallel }, async () => {
      let session: Buffer | undefined;
      while (performance.now() < until) {
        const association = await RawAssociation.open(
          { ...work.target, ...(work.resume && session !== undefined ? { session } : {}) },
          contexts,
        );
        const answer = association.next();
        await association.send(1, echoRequest(1));
        if ((await answer).command.status !== 0) failed += 1;
        session = association.session ?? session;
        if (association.reused) resumed += 1;
        operations += 1;
        await association.release();
      }
    }),
  );
  return { seconds: (performance.now() - started) / 1000, operations, bytes: 0, failed, resumed };
}

if (process.argv[2] !== undefined) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by bench/run.ts
  const work = JSON.parse(process.argv[2]) as Work;
  const figures =
    work.work === 'store'
      ? await store(work)
      : work.work === 'get'
        ? await get(work)
        : work.work === 'find'
          ? await find(work)
          : await associate(work);
  console.log(JSON.stringify(figures));
  process.exit(0);
}
