/** Accounts through the commands of a running server, as an operator types them: links, what the ledger keeps, and a restart. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Leadglass, parseJson } from '../support/leadglass.ts';

const email = 'ada@hospital.example';

test('an account is invited, listed and disabled; its link stands in no record and no log', async () => {
  await using leadglass = await Leadglass.start();
  const first = /https:\/\/\S+\/enrol#(lgi_[A-Za-z0-9_-]{43})/.exec(leadglass.startText)?.[1];
  assert.ok(first, 'the first start prints a link for the first administrator');
  const invited = await leadglass.run(
    'account',
    'invite',
    email,
    '--role',
    'physician',
    '--name',
    'Ada Berg',
    '--json',
  );
  assert.equal(invited.status, 0, invited.stderr);
  const { link } = parseJson<{ link: string }>(invited);
  assert.match(link, /\/enrol#lgi_[A-Za-z0-9_-]{43}$/);
  const listed = await leadglass.run('account', 'list', '--json');
  const { accounts } = parseJson<{ accounts: { email: string; state: string }[] }>(listed);
  assert.deepEqual(accounts.find((account) => account.email === email)?.state, 'invited');
  const disabled = await leadglass.run('account', 'disable', email, '--reason', 'left');
  assert.equal(disabled.status, 0, disabled.stderr);
  const again = await leadglass.run('account', 'disable', email, '--reason', 'left');
  assert.equal(again.status, 1, 'it is disabled already');
  const ledger = await leadglass.run('ledger', 'show', '--json');
  assert.match(ledger.stdout, /operator /);
  for (const secret of [first, link.slice(link.indexOf('#') + 1)]) {
    for (const text of [ledger.stdout, leadglass.log]) assert.ok(!text.includes(secret));
  }
  assert.equal(statSync(join(leadglass.data, 'people.sqlite')).mode & 0o777, 0o600);
});
