/** dcmjs-dimse as a device over TLS: echo, store, find and get. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dcmjs, sendByDcmjs } from '../support/dcmjs.ts';
import { type Image, writeSeries } from '../support/dicom-files.ts';
import { type Device, Leadglass } from '../support/leadglass.ts';

let leadglass: Leadglass;
let device: Device;
let images: readonly Image[];
before(async () => {
  leadglass = await Leadglass.start();
  device = await leadglass.enrol('DCMJS', 'archive');
  images = writeSeries(leadglass.path('images'), { study: 'dcmjs', patientId: 'DCMJS-1' }, 8);
});
after(() => leadglass[Symbol.asyncDispose]());

const facts = (): { port: number; calling: string; folder: string } => ({
  port: leadglass.port,
  calling: 'DCMJS',
  folder: device.folder,
});

test('its echo is answered', async () => {
  const { responses } = await sendByDcmjs(facts(), [new dcmjs.requests.CEchoRequest()]);
  assert.deepEqual(
    responses.map((response) => response.getStatus()),
    [0],
  );
});

test('its stores are taken, and what it sent is kept as other tools read it', async () => {
  const requests = images.map(({ path }) => new dcmjs.requests.CStoreRequest(path));
  const { responses } = await sendByDcmjs(facts(), requests);
  assert.deepEqual(
    responses.map((response) => response.getStatus()),
    images.map(() => 0),
  );
  const shown = await leadglass.json<{ study: { instances: number; patientId: string; patientName: string } }>(
    ...['study', 'show', images[0]?.studyInstanceUid ?? ''],
  );
  assert.equal(shown.study.instances, images.length);
  assert.equal(shown.study.patientId, 'DCMJS-1');
  assert.match(shown.study.patientName, /Müller\^Änne/);
  await leadglass.succeed('verify');
});

test('it finds the study', async () => {
  const elements = { PatientID: 'DCMJS-*', StudyInstanceUID: '', PatientName: '' };
  const { responses } = await sendByDcmjs(facts(), [dcmjs.requests.CFindRequest.createStudyFindRequest(elements)]);
  const found = responses.filter((response) => response.hasDataset()).map((response) => response.getDataset());
  assert.equal(found.length, 1);
  assert.equal(found[0]?.getElement('StudyInstanceUID'), images[0]?.studyInstanceUid);
  assert.equal(responses.at(-1)?.getStatus(), 0);
});

test('it gets every instance of the study', async () => {
  const request = dcmjs.requests.CGetRequest.createStudyGetRequest(images[0]?.studyInstanceUid ?? '');
  const { responses, received } = await sendByDcmjs(facts(), [request]);
  assert.equal(responses.at(-1)?.getStatus(), 0);
  const uids = received.map((dataset) => String(dataset.getElement('SOPInstanceUID'))).toSorted();
  assert.deepEqual(uids, images.map(({ sopInstanceUid }) => sopInstanceUid).toSorted());
});
