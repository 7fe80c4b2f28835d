import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syslogMessage } from './syslog-message.ts';

const origin = { hostName: 'dcmgw1.hosp.example', applicationName: 'leadglass', processId: '4711' };

test('the header is that of PS3.15 A.6, with the message id of IHE unless told otherwise', () => {
  assert.equal(
    syslogMessage('<AuditMessage/>', '2026-11-24T10:15:30.123Z', origin),
    '<85>1 2026-11-24T10:15:30.123Z dcmgw1.hosp.example leadglass 4711 IHE+RFC-3881 - <AuditMessage/>',
  );
  assert.equal(
    syslogMessage('<a/>', '2026-11-24T10:15:30Z', { ...origin, messageId: 'DICOM+RFC3881', byteOrderMark: true }),
    '<85>1 2026-11-24T10:15:30Z dcmgw1.hosp.example leadglass 4711 DICOM+RFC3881 - \ufeff<a/>',
  );
});

test('no name can add a field to the header or a line to the log (log injection)', () => {
  const hostile = { hostName: 'a b\nc', applicationName: 'x'.repeat(49), processId: '' };
  assert.equal(
    syslogMessage('<a/>', '2026-11-24T10:15:30Z', hostile),
    `<85>1 2026-11-24T10:15:30Z a_b_c ${'x'.repeat(48)} - IHE+RFC-3881 - <a/>`,
  );
});
