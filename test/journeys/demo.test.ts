/** `npm run demo`, which is the first thing that many people try. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Leadglass } from '../support/leadglass.ts';

test('the demo brings everything back, revokes its devices, and says how many records there are and how to see all', async () => {
  await using leadglass = await Leadglass.start();
  const { stdout } = await leadglass.succeed('demo');
  assert.match(stdout, /23 of 23 data sets are identical/);
  assert.match(stdout, /The two devices are revoked again\..*\nEverything came back bit for bit\.\n$/);

  const told = /^ {3}These are the newest (\d+) of (\d+) records\. All of them: {2}bin\/leadglass (.*)$/m.exec(stdout);
  assert.ok(told, stdout);
  const [, shown, all, command = ''] = told;
  const table = stdout.slice(stdout.indexOf('5. What the ledger says'));
  assert.equal(table.match(/^ +\d+ {2}\d{4}-\d{2}-\d{2}T/gm)?.length, Number(shown));
  assert.ok(Number(all) > Number(shown));

  const { records } = await leadglass.json<{ records: readonly { event: string }[] }>(...command.split(' '));
  assert.ok(records.length >= Number(all), `${records.length} records by ${command}, ${all} told`);
  for (const code of ['110102', '110112', '110104']) {
    assert.ok(
      records.some(({ event }) => event.startsWith(code)),
      code,
    );
  }
});
