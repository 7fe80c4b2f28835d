/** The exception for a device that cannot do TLS: its own port, named addresses, a risk in words, at most 90 days, shown. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { writeImage } from '../support/dicom-files.ts';
import { day, Leadglass } from '../support/leadglass.ts';
import { needs } from '../support/peers.ts';
import { freePort, isListening, runProgram } from '../support/programs.ts';

let leadglass: Leadglass;
before(async () => {
  leadglass = await Leadglass.start();
});
after(() => leadglass[Symbol.asyncDispose]());

const terms = ['--purpose', 'acquisition', '--reason', 'C-arm'];

test('without risk or address, for everybody, or for longer than 90 days there is none', async () => {
  const plain = ['device', 'add', 'OLD0', '--plain', ...terms];
  const risk = ['--risk', '2009 C-arm'];
  for (const [words, message] of [
    [['--address', '127.0.0.1/32', '--until', day(20)], /--risk/],
    [[...risk, '--until', day(20)], /--address/],
    [[...risk, '--address', '0.0.0.0/0', '--until', day(20)], /everybody/],
    [[...risk, '--address', '127.0.0.1/32', '--until', day(100)], /90 days/],
  ] as const) {
    const ran = await leadglass.run(...plain, ...words);
    assert.equal(ran.status, 2, ran.output);
    assert.match(ran.output, message);
  }
  assert.deepEqual(await leadglass.json('opening', 'list'), { openings: [], more: false });
});

test(
  'it opens one port for the named addresses, says WITHOUT TLS everywhere, and closes with its opening',
  needs('storescu'),
  async () => {
    const port = await freePort();
    const words = [
      '--risk',
      '2009 C-arm, own VLAN',
      '--address',
      '127.0.0.1/32',
      '--until',
      day(20),
      '--port',
      String(port),
    ];
    const added = await leadglass.succeed('device', 'add', 'OLD1', '--plain', ...terms, ...words);
    assert.match(added.stdout, /WITHOUT TLS/);
    assert.match(added.stdout, /WARNING/);
    const image = writeImage(leadglass.path('c-arm'), { study: 'c-arm' });
    const peer = ['-aet', 'OLD1', '-aec', 'LEADGLASS', '127.0.0.1', String(port)];
    const stored = await runProgram('storescu', [...peer, image.path]);
    assert.equal(stored.status, 0, stored.output);
    await leadglass.succeed('study', 'show', image.studyInstanceUid);

    for (const command of [['status'], ['opening', 'list'], ['device', 'list'], ['opening', 'show', 'OLD1-plain']]) {
      const { stdout } = await leadglass.succeed(...command);
      assert.match(stdout, /WARNING/, command.join(' '));
      assert.match(stdout, /TLS/, command.join(' '));
    }
    const otherTitle = await runProgram('echoscu', ['-aet', 'CT1', '-aec', 'LEADGLASS', '127.0.0.1', String(port)]);
    assert.match(otherTitle.output, /Rejected/);
    const query = ['-S', '-aet', 'OLD1', '-aec', 'LEADGLASS', '127.0.0.1', String(port)];
    const found = await runProgram('findscu', [...query, '-k', 'QueryRetrieveLevel=STUDY', '-k', 'PatientID']);
    assert.doesNotMatch(found.output, /P-1/);

    await leadglass.succeed('opening', 'close', 'OLD1-plain', '--reason', 'replaced');
    assert.equal(await isListening(port), false, 'the port is closed with its opening');
  },
);

test(
  'from another address than the named ones it is refused, and so it is in the ledger',
  needs('echoscu'),
  async () => {
    const port = await freePort();
    const words = ['--risk', 'old', '--address', '127.0.0.77/32', '--until', day(20), '--port', String(port)];
    await leadglass.succeed('device', 'add', 'OLD2', '--plain', ...terms, ...words);
    const ran = await runProgram('echoscu', ['-aet', 'OLD2', '-aec', 'LEADGLASS', '127.0.0.1', String(port)]);
    assert.notEqual(ran.status, 0);
    assert.ok((await leadglass.ledger('--event', '110113')).some(({ reason }) => reason === 'address'));
  },
);
