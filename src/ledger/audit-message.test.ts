import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { needs, schemaFolder } from '../../test/support/peers.ts';
import { LeadglassError } from '../error.ts';
import { DataLifeCycles, EventIds, EventTypes, MediaTypes, ObjectIdTypes, Roles } from './audit-codes.ts';
import type { AuditMessage } from './audit-message.ts';
import { toXml } from './audit-message.ts';
import {
  alertSubject,
  applicationParticipant,
  auditLogObject,
  auditSource,
  destinationParticipant,
  launcherParticipant,
  mediaParticipant,
  nodeParticipant,
  patientObject,
  personParticipant,
  queryObject,
  sourceParticipant,
  studyObject,
  uriObject,
} from './audit-objects.ts';
import { parseXml, schemaProblems } from './audit-schema.test-support.ts';
import { transferMessage } from './ledger.test-support.ts';

const at = new Date('2026-11-24T09:15:30.123Z');
const source = auditSource('dcmgw1', 'hosp.example');
const self = { userId: '4711', aeTitles: ['DCMGW'], userName: 'dcmgw', address: '10.1.2.3' };
const jane = personParticipant({
  userId: 'jdoe@hosp.example',
  userName: 'Jane',
  address: '10.1.2.50',
  requestor: true,
});
const application = nodeParticipant({ ...self, requestor: false });
const study = studyObject({
  studyInstanceUid: '1.2.3.4.5',
  name: 'CT',
  accessionNumbers: ['A100'],
  sopClasses: [
    { uid: '1.2.840.10008.5.1.4.1.1.2', numberOfInstances: 2, instanceUids: ['1.2.3.4.5.6', '1.2.3.4.5.7'] },
    { numberOfInstances: 0 },
  ],
  encrypted: true,
});
const patient = patientObject({ patientId: 'PID-4711', issuer: 'HOSP', patientName: 'DOE^JANE' });

/** One message for every event that Leadglass records, made of every builder. */
const messages: Readonly<Record<string, AuditMessage>> = {
  applicationActivity: {
    event: { id: EventIds.applicationActivity, types: [EventTypes.applicationStart], action: 'E', at, outcome: 0 },
    participants: [
      applicationParticipant({ ...self, requestor: false }),
      launcherParticipant({ userId: 'root@dcmgw1', requestor: true }),
    ],
    source,
    objects: [],
  },
  auditLogUsed: {
    event: { id: EventIds.auditLogUsed, action: 'R', at, outcome: 0 },
    participants: [jane],
    source,
    objects: [auditLogObject('https://dcmgw1.hosp.example/audit')],
  },
  beginTransferring: {
    event: { id: EventIds.beginTransferring, action: 'E', at, outcome: 0 },
    participants: [
      sourceParticipant({ ...self, requestor: true }),
      destinationParticipant({
        userId: 'PACS@fd00::1',
        aeTitles: ['PACS', 'OLD'],
        address: 'fd00::1',
        requestor: false,
      }),
    ],
    source,
    objects: [study, patient],
  },
  instancesAccessed: {
    event: { id: EventIds.instancesAccessed, action: 'R', at, outcome: 8, outcomeDescription: 'disk failed' },
    participants: [jane, application],
    source,
    objects: [study, patient],
  },
  instancesTransferred: transferMessage(),
  studyDeleted: {
    event: { id: EventIds.studyDeleted, action: 'D', at, outcome: 0 },
    participants: [jane],
    source,
    objects: [
      studyObject({ studyInstanceUid: '1.2.3', lifeCycle: DataLifeCycles.permanentErasure }),
      patientObject({ patientId: '' }),
    ],
  },
  export: {
    event: { id: EventIds.export, action: 'R', at, outcome: 0 },
    participants: [
      { ...jane, roles: [Roles.source] },
      mediaParticipant({ id: 'VOL0001', direction: 'export', mediaType: MediaTypes.dvd }),
    ],
    source,
    objects: [
      { ...study, sensitivity: 'VIP', description: { containedStudyUids: ['1.2', '1.3'], anonymized: false } },
      patient,
    ],
  },
  import: {
    event: { id: EventIds.import, action: 'C', at, outcome: 0 },
    participants: [
      { ...jane, roles: [Roles.destination] },
      mediaParticipant({ id: '/media/cdrom', direction: 'import' }),
    ],
    source,
    objects: [{ ...study, description: { mppsUids: ['1.2.9'], accessionNumbers: [], sopClasses: [] } }, patient],
  },
  networkEntry: {
    event: { id: EventIds.networkEntry, types: [EventTypes.attach], action: 'E', at, outcome: 0 },
    participants: [nodeParticipant({ userId: 'dcmgw1', address: 'dcmgw1.hosp.example', requestor: false })],
    source,
    objects: [],
  },
  query: {
    event: { id: EventIds.query, action: 'E', at, outcome: 0 },
    participants: [
      sourceParticipant({ userId: 'WS1@10.1.2.50', aeTitles: ['WS1'], address: '10.1.2.50', requestor: true }),
      destinationParticipant({ ...self, requestor: false }),
    ],
    source,
    objects: [
      queryObject({
        sopClassUid: '1.2.840.10008.5.1.4.1.2.2.1',
        identifier: Buffer.from('0800520043530600535455445920', 'hex'),
        transferSyntaxUid: '1.2.840.10008.1.2.1',
      }),
    ],
  },
  securityAlert: {
    event: { id: EventIds.securityAlert, types: [EventTypes.nodeAuthentication], action: 'E', at, outcome: 4 },
    participants: [
      nodeParticipant({ ...self, requestor: true }),
      nodeParticipant({ userId: 'CTMOD@10.1.2.9', aeTitles: ['CTMOD'], address: '10.1.2.9', requestor: false }),
    ],
    source,
    objects: [
      alertSubject({
        nodeId: '10.1.2.9',
        name: 'CTMOD',
        description: 'client certificate revoked (CERT_REVOKED)',
        details: [{ type: 'Certificate', value: Uint8Array.of(0, 255) }],
      }),
      uriObject({ uri: 'leadglass:opening/3', name: 'Opening 3', description: 'closed' }),
    ],
  },
  userAuthentication: {
    event: { id: EventIds.userAuthentication, types: [EventTypes.login], action: 'E', at, outcome: 4 },
    participants: [jane, application],
    source,
    objects: [],
  },
};

test('every message follows the schema of PS3.15 A.5.1', () => {
  for (const [name, message] of Object.entries(messages)) {
    assert.deepEqual(schemaProblems(toXml(message)), [], name);
  }
});

test('every message is valid for jing', jing(), (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-jing-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const hostile = Object.entries(messages).map(([name, message]): [string, AuditMessage] => [
    `hostile-${name}`,
    poison(message, '\u0000<a b="c">&\'\u001b[31m\ud800\u2028\r\n\t\uffff]]>'),
  ]);
  const paths = [...Object.entries(messages), ...hostile].map(([name, message]) => {
    const path = join(folder, `${name}.xml`);
    writeFileSync(path, toXml(message));
    return path;
  });
  // Throws with jing's own text when one is not valid.
  execFileSync('jing', ['-c', schemaFile(), ...paths], { stdio: 'pipe' });
  writeFileSync(
    join(folder, 'wrong.xml'),
    toXml(messages['query'] ?? transferMessage()).replaceAll('csd-code', 'code'),
  );
  assert.throws(() => execFileSync('jing', ['-c', schemaFile(), join(folder, 'wrong.xml')], { stdio: 'pipe' }));
});

test('the check of the schema finds order, missing and unknown parts', () => {
  const xml = toXml(transferMessage());
  for (const [from, to] of [
    ['csd-code', 'code'],
    ['EventOutcomeIndicator="0"', 'EventOutcomeIndicator="7"'],
    ['<ParticipantObjectName>CT</ParticipantObjectName>', ''],
    ['NumberOfInstances="120"', ''],
    ['AuditSourceID="leadglass"', ''],
    ['UserIsRequestor="true"', 'UserIsRequestor="yes"'],
  ] as const) {
    assert.notEqual(xml.indexOf(from), -1, from);
    assert.notDeepEqual(
      schemaProblems(xml.replaceAll(from, to).replaceAll('  ', ' ').replaceAll(' />', '/>').replaceAll(' >', '>')),
      [],
      from,
    );
  }
});

test('a message is written as the standard shows it', () => {
  // Composed by hand from PS3.15 A.5.3.6 and the schema.
  assert.equal(
    toXml(transferMessage()),
    '<?xml version="1.0" encoding="UTF-8"?><AuditMessage>' +
      '<EventIdentification EventActionCode="C" EventDateTime="2026-11-24T09:15:30.123Z" EventOutcomeIndicator="0"><EventID csd-code="110104" codeSystemName="DCM" originalText="DICOM Instances Transferred"/></EventIdentification>' +
      '<ActiveParticipant UserID="CT@10.1.2.9" AlternativeUserID="AETITLES=CT" UserIsRequestor="true" NetworkAccessPointID="10.1.2.9" NetworkAccessPointTypeCode="2"><RoleIDCode csd-code="110153" codeSystemName="DCM" originalText="Source Role ID"/></ActiveParticipant>' +
      '<ActiveParticipant UserID="4711" AlternativeUserID="AETITLES=LEADGLASS" UserIsRequestor="false" NetworkAccessPointID="10.1.2.3" NetworkAccessPointTypeCode="2"><RoleIDCode csd-code="110152" codeSystemName="DCM" originalText="Destination Role ID"/></ActiveParticipant>' +
      '<AuditSourceIdentification AuditEnterpriseSiteID="hosp.example" AuditSourceID="leadglass"><AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>' +
      '<ParticipantObjectIdentification ParticipantObjectID="1.2.3" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3"><ParticipantObjectIDTypeCode csd-code="110180" codeSystemName="DCM" originalText="Study Instance UID"/><ParticipantObjectName>CT</ParticipantObjectName><ParticipantObjectDescription><Accession Number="A100"/><SOPClass UID="1.2.840.10008.5.1.4.1.1.2" NumberOfInstances="120"></SOPClass><Encrypted>true</Encrypted></ParticipantObjectDescription></ParticipantObjectIdentification>' +
      '<ParticipantObjectIdentification ParticipantObjectID="P1^^^HOSP" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"><ParticipantObjectIDTypeCode csd-code="2" codeSystemName="RFC-3881" originalText="Patient Number"/><ParticipantObjectName>DOE^JANE</ParticipantObjectName></ParticipantObjectIdentification></AuditMessage>',
  );
});

test('nothing that a peer sends breaks out of its place (XML injection)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      for (const message of [messages['securityAlert'], messages['export']]) {
        assert.ok(message !== undefined);
        const xml = toXml(poison(message, text));
        assert.deepEqual(schemaProblems(xml), []);
        assert.equal(parseXml(xml).children.length, 8);
        assert.ok(!xml.includes('\n'));
      }
    }),
    { numRuns: 300, interruptAfterTimeLimit: 5000 },
  );
});

test('text comes back from the XML as it was, but for what XML cannot hold', () => {
  const name = 'Ölß & <b> "q" \'a\' \t 山田^太郎 \u{1f480}';
  const xml = toXml({ ...transferMessage(), objects: [patientObject({ patientId: 'x', patientName: name })] });
  const [object] = parseXml(xml).children.filter((child) => child.name === 'ParticipantObjectIdentification');
  assert.equal(object?.children.find((child) => child.name === 'ParticipantObjectName')?.text, name);
  const controls = toXml({
    ...transferMessage(),
    objects: [patientObject({ patientId: 'a\u0000b\u001b\u007f\u009b\ud800c\ufffe', patientName: '' })],
  });
  assert.match(controls, /ParticipantObjectID="a␀b␛␡\ufffd\ufffdc\ufffd"/);
});

test('a message with two requestors, a broken count or no date is a mistake of ours', () => {
  const isInternal = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'INTERNAL';
  assert.throws(() => toXml({ ...transferMessage(), participants: [jane, jane] }), isInternal);
  for (const numberOfInstances of [-1, 1.5, Number.NaN]) {
    const objects = [studyObject({ studyInstanceUid: '1.2', sopClasses: [{ numberOfInstances }] })];
    assert.throws(() => toXml({ ...transferMessage(), objects }), isInternal);
  }
  const event = { ...transferMessage().event, at: new Date(Number.NaN) };
  assert.throws(() => toXml({ ...transferMessage(), event }), isInternal);
});

test('a query holds the identifier as it came, in base64', () => {
  const identifier = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
  // A view into a larger buffer must not take the rest along.
  const larger = new Uint8Array([9, ...identifier, 9]).subarray(1, 301);
  const object = queryObject({ sopClassUid: '1.2', identifier: larger, transferSyntaxUid: '1.2.840.10008.1.2.1' });
  const [element] = parseXml(toXml({ ...transferMessage(), objects: [object] })).children.slice(-1);
  assert.equal(element?.children[1]?.text, Buffer.from(identifier).toString('base64'));
  assert.equal(element?.children[2]?.attributes.get('value'), Buffer.from('1.2.840.10008.1.2.1').toString('base64'));
});

/** The message with this text wherever a peer's text can stand. */
function poison(message: AuditMessage, text: string): AuditMessage {
  return {
    ...message,
    event: { ...message.event, outcomeDescription: text },
    participants: [
      nodeParticipant({ userId: text, aeTitles: [text], userName: text, address: text, requestor: true }),
      { ...mediaParticipant({ id: text, direction: 'import' }), userIsRequestor: false },
    ],
    source: auditSource(text, text),
    objects: [
      studyObject({
        studyInstanceUid: text,
        name: text,
        accessionNumbers: [text],
        sopClasses: [{ uid: text, numberOfInstances: 1, instanceUids: [text] }],
      }),
      patientObject({ patientId: text, issuer: text, patientName: text }),
      alertSubject({ nodeId: text, description: text, details: [{ type: text, value: text }] }),
      {
        id: text,
        idType: ObjectIdTypes.uri,
        name: text,
        sensitivity: text,
        description: { mppsUids: [text], containedStudyUids: [text] },
      },
    ],
  };
}

function jing(): { readonly skip: string | false } {
  return schemaFolder === undefined ? { skip: 'needs the schema beside the project' } : needs('jing');
}

function schemaFile(): string {
  const path = join(schemaFolder ?? '', 'dicom-ps3.15-2023b.rnc');
  assert.ok(readFileSync(path, 'utf8').includes('AuditMessage'));
  return path;
}
