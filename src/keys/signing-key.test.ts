import assert from 'node:assert/strict';
import { verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MemorySecrets, TemporaryFolder } from './keys.test-support.ts';
import { openSigningKey } from './signing-key.ts';

test('the signing key is the same after another start, and its public half lies beside the ledger', () => {
  using folder = new TemporaryFolder();
  const secrets = new MemorySecrets();
  const directory = join(folder.path, 'ledger');
  const first = openSigningKey(secrets, directory);
  const signature = first.sign(Buffer.from('text'));
  writeFileSync(join(directory, 'public-key.pem'), 'somebody put another one here');
  const second = openSigningKey(secrets, directory);
  const pem = readFileSync(join(directory, 'public-key.pem'), 'utf8');
  assert.equal(pem, first.publicKeyPem);
  assert.equal(second.publicKeyPem, pem);
  assert.ok(verify(null, Buffer.from('text'), pem, signature));
  assert.ok(!verify(null, Buffer.from('other'), pem, signature));
});
