/**
 * `npm run demo`: the main use, end to end, against the running server: a CT and a reading station are enrolled for one
 * day, synthetic studies go in over TLS, are found and fetched back, and every byte is compared.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Tags } from '../../dicom/dictionary/dictionary.ts';
import { readPart10Head } from '../../dicom/part10.ts';
import { SopClasses } from '../../dicom/sop-class.ts';
import { TransferSyntaxes } from '../../dicom/transfer-syntax.ts';
import { uidFromRandom } from '../../dicom/uid.ts';
import type { Uid } from '../../dicom/uid.ts';
import type { SendInstance } from '../../dimse/send.ts';
import { LeadglassError } from '../../error.ts';
import { limits } from '../../limits.ts';
import type { Context } from '../context.ts';
import { enrol } from '../device.ts';
import { isStored, statusText } from '../dicom-client.ts';
import type { DicomTarget } from '../dicom-client.ts';
import { exitStatus } from '../exit-status.ts';
import { getContexts } from '../get.ts';
import { ledgerLines } from '../ledger.ts';
import { counted, formatBytes, tableLines } from '../output.ts';
import { identifierOf } from '../query-keys.ts';
import { ReceivedFiles } from '../received-files.ts';
import { targetOf } from '../target.ts';
import { syntheticInstances } from './synthetic.ts';
import type { SyntheticInstance } from './synthetic.ts';

const uncompressed = [TransferSyntaxes.ExplicitVrLittleEndian, TransferSyntaxes.ImplicitVrLittleEndian];

export function register(program: Command, context: Context): void {
  program
    .command('demo')
    .description(
      'Enrol a demo CT and a reading station for one day, send synthetic studies, find them, fetch them back, compare.',
    )
    .option('--keep', 'leave the two devices enrolled until their day ends')
    .addHelpText(
      'after',
      '\nThe server must be running (npm start). The studies stay stored: their patients are DEMO-0001 and DEMO-0002.\n\nExamples:\n  npm run demo\n  leadglass demo --keep',
    )
    .action(async (options: { readonly keep?: boolean }) => {
      const folder = mkdtempSync(join(tmpdir(), 'leadglass-demo-'));
      try {
        await demo(context, folder, options.keep === true);
      } finally {
        if (options.keep !== true) rmSync(folder, { recursive: true, force: true });
      }
    });
}

async function demo(context: Context, folder: string, keep: boolean): Promise<void> {
  const { output } = context;
  const startedAt = new Date();
  const control = context.control('demo');
  // Says how to start a server before anything is printed.
  await control.call('status', {});
  output.line('1. Two devices are enrolled for one day; nobody else may do anything.');
  const ct = await enrolForADay(context, folder, 'DEMO_CT', 'acquisition');
  const reader = await enrolForADay(context, folder, 'DEMO_READ', 'reading');

  output.line('\n2. The CT sends synthetic studies over mutual TLS.');
  const instances = [
    ...syntheticInstances({ newUid: newUid, studyDate: startedAt.toISOString().slice(0, 10).replaceAll('-', '') }),
  ];
  await send(context, ct, instances);

  output.line('\n3. The reading station finds them.');
  await find(context, reader, instances);

  output.line('\n4. It fetches them back; every data set is compared with what was sent.');
  const same = await fetchAndCompare(context, reader, instances, join(folder, 'fetched'));

  output.line('\n5. What the ledger says about it, newest first:');
  await showLedger(context, startedAt);

  if (keep) output.line(`\nThe devices' files are in ${folder}; they may be used until their day ends.`);
  else {
    for (const aeTitle of ['DEMO_CT', 'DEMO_READ'])
      await control.call('deviceRevoke', { aeTitle, reason: 'the demo is over' });
    output.line('\nThe two devices are revoked again. The studies stay: bin/leadglass study list');
  }
  output.line(same ? 'Everything came back bit for bit.' : 'NOT everything came back as it was sent: see above.');
  if (!same) context.exitWith(exitStatus.answerIsNo);
}

/** On one screen; what one would type for more stands below. */
const recordsShown = 12;
const recordsMax = 1000;

async function showLedger(context: Context, since: Date): Promise<void> {
  const { output } = context;
  const { records, more } = await context
    .control('demo')
    .call('ledgerShow', { since: since.toISOString(), rows: recordsMax });
  const shown = records.slice(0, recordsShown);
  for (const line of ledgerLines(shown)) output.line(`   ${line}`);
  if (shown.length === records.length) return;
  const all = `${more ? 'more than ' : ''}${records.length}`;
  output.line(
    `   These are the newest ${shown.length} of ${all} records. All of them:  bin/leadglass ledger show --since ${since.toISOString()}`,
  );
}

function newUid(): Uid {
  return uidFromRandom(randomBytes(16));
}

async function enrolForADay(
  context: Context,
  folder: string,
  aeTitle: string,
  purpose: 'acquisition' | 'reading',
): Promise<DicomTarget> {
  const control = context.control('demo');
  // A demo that was broken off left its device behind.
  const devices = await control.call('deviceList', {});
  if (devices.some((device) => device.aeTitle === aeTitle && device.state !== 'revoked')) {
    await control.call('deviceRevoke', { aeTitle, reason: 'a new demo begins' });
  }
  const until = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const out = join(folder, aeTitle.toLowerCase());
  const added = await enrol('demo', aeTitle, { out }, (credential) =>
    control.call('deviceAdd', { aeTitle, purpose, reason: `Demo of ${purpose}`, until, credential }),
  );
  context.output.line(`   ${aeTitle}: ${purpose}, may ${added.opening.operations.join(', ')} until ${until}`);
  const { host, port } = added.server;
  return targetOf(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, { as: out });
}

async function send(context: Context, target: DicomTarget, instances: readonly SyntheticInstance[]): Promise<void> {
  const { output } = context;
  const before = performance.now();
  let answered = 0;
  const outgoing = instances.map((instance) => ({ ...instance, read: () => once(instance.dataSet) }));
  const nameOf = new Map<SendInstance, string>(outgoing.map((instance) => [instance, instance.name]));
  await context.send(target, outgoing, {
    onOutcome: ({ instance, status, errorComment, error }) => {
      if (status === undefined || !isStored(status)) {
        const why = status === undefined ? error?.message : `status ${statusText(status)}`;
        const comment = errorComment === undefined ? '' : `, ${errorComment}`;
        throw new LeadglassError('PEER_FAILED', `${nameOf.get(instance)} was not stored: ${why}${comment}`);
      }
      answered += 1;
      output.progress(`${answered} of ${instances.length}`);
    },
  });
  const bytes = instances.reduce((sum, { dataSet }) => sum + dataSet.length, 0);
  output.progress(undefined);
  const seconds = (performance.now() - before) / 1000;
  const kinds = [...new Set(instances.map(({ modality }) => modality))].map(
    (modality) => `${instances.filter((instance) => instance.modality === modality).length} ${modality}`,
  );
  output.line(
    `   ${counted(instances.length, 'instance')} (${kinds.join(', ')}), ${formatBytes(bytes)} in ${seconds.toFixed(1)} s, each durable before its success was sent`,
  );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function find(context: Context, target: DicomTarget, instances: readonly SyntheticInstance[]): Promise<void> {
  const sopClassUid = SopClasses.StudyRootQueryRetrieveInformationModelFind;
  await using client = await context.connect(target, [{ abstractSyntax: sopClassUid, transferSyntaxes: uncompressed }]);
  const studies = studiesOf(instances);
  const { identifier } = identifierOf([`StudyInstanceUID=${studies.join('\\')}`], {
    level: 'STUDY',
    withUsualKeys: true,
  });
  const matches = [];
  for await (const match of client.find(sopClassUid, identifier)) matches.push(match);
  const lines = tableLines(matches, [
    { title: 'PATIENT ID', value: (match) => match.text(Tags.PatientID) },
    { title: 'PATIENT', value: (match) => match.text(Tags.PatientName) },
    { title: 'DATE', value: (match) => match.text(Tags.StudyDate) },
    { title: 'MODALITIES', value: (match) => match.texts(Tags.ModalitiesInStudy).join(',') },
    { title: 'DESCRIPTION', value: (match) => match.text(Tags.StudyDescription) },
  ]);
  for (const line of lines) context.output.line(`   ${line}`);
  if (matches.length !== studies.length) {
    throw new LeadglassError(
      'PEER_FAILED',
      `${counted(matches.length, 'study', 'studies')} found, ${studies.length} expected`,
    );
  }
}

function studiesOf(instances: readonly SyntheticInstance[]): readonly Uid[] {
  return [...new Set(instances.map(({ studyInstanceUid }) => studyInstanceUid))];
}

async function fetchAndCompare(
  context: Context,
  target: DicomTarget,
  instances: readonly SyntheticInstance[],
  folder: string,
): Promise<boolean> {
  const { output } = context;
  const sopClassUid = SopClasses.StudyRootQueryRetrieveInformationModelGet;
  await using client = await context.connect(target, getContexts(sopClassUid));
  const files = new ReceivedFiles(folder, target.calledAeTitle, limits);
  for (const study of studiesOf(instances)) {
    const { identifier } = identifierOf([`StudyInstanceUID=${study}`], { level: 'STUDY', withUsualKeys: false });
    await client.get(sopClassUid, identifier, {
      onProgress: () => output.progress(`${files.files.length} of ${instances.length}`),
      onInstance: async (instance) => {
        await files.take(instance);
        return { status: 0 };
      },
    });
  }
  output.progress(undefined);
  const fetched = new Map(files.files.map(({ path, sopInstanceUid }) => [sopInstanceUid, digestOfFile(path)]));
  const different = instances.filter(
    ({ dataSet, sopInstanceUid }) => fetched.get(sopInstanceUid) !== digestOf(dataSet),
  );
  for (const { name, sopInstanceUid } of different)
    output.line(`   ${name}: ${fetched.has(sopInstanceUid) ? 'DIFFERENT' : 'MISSING'}`);
  output.line(`   ${instances.length - different.length} of ${instances.length} data sets are identical (SHA-256)`);
  return different.length === 0 && files.files.length === instances.length;
}

function digestOfFile(path: string): string {
  const bytes = readFileSync(path);
  const head = readPart10Head(bytes, { limits: limits.part10, isWhole: true });
  return digestOf(head.state === 'whole' ? bytes.subarray(head.headLength) : bytes);
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
