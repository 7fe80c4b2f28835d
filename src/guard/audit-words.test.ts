import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventTypes } from '../ledger/audit-codes.ts';
import { administrationType } from './audit-words.ts';

test('a command that changes rights is recorded as such a change; one that looks, or begins with the same letters, is not', () => {
  const { securityConfiguration, userSecurityAttributesChanged, localServiceOperationStarted } = EventTypes;
  for (const command of [
    'account open',
    'account close',
    'confirmation give',
    'confirmation refuse',
    'opening apply',
  ]) {
    assert.equal(administrationType(command), securityConfiguration, command);
  }
  for (const command of ['account sessions end', 'account invite', 'device token', 'device token end']) {
    assert.equal(administrationType(command), userSecurityAttributesChanged, command);
  }
  for (const command of ['account openings', 'account sessions', 'account list', 'confirmation list', 'status']) {
    assert.equal(administrationType(command), localServiceOperationStarted, command);
  }
});
