/** Another content under a known UID: never overwritten, kept aside, reported, and decided by a person. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences, sopClasses, writeImage } from '../support/dicom-files.ts';
import { Leadglass, parseJson } from '../support/leadglass.ts';

interface Conflicts {
  readonly conflicts: readonly { readonly id: number; readonly from: string; readonly sopInstanceUid: string }[];
}

for (const keep of ['stored', 'arrived'] as const) {
  test(`a conflict is told to the sender and to the administrator; the ${keep} one stays when a person says so`, async () => {
    await using leadglass = await Leadglass.start();
    const device = await leadglass.enrol('CT1', 'archive');
    const first = writeImage(leadglass.path('first'), { study: 'conflict' });
    const second = writeImage(leadglass.path('second'), { study: 'conflict', fill: 7 });
    const send = ['send', leadglass.address, '--as', device.folder];
    await leadglass.succeed(...send, first.path);
    await leadglass.succeed(...send, first.path);
    assert.deepEqual(
      (await leadglass.json<Conflicts>('conflict', 'list')).conflicts,
      [],
      'the same again is no conflict',
    );

    const refused = await leadglass.run(...send, '--json', second.path);
    assert.equal(refused.status, 1);
    const { problems } = parseJson<{ problems: readonly { problem: string }[] }>(refused);
    assert.match(problems[0]?.problem ?? '', /C111/);
    const [conflict] = (await leadglass.json<Conflicts>('conflict', 'list')).conflicts;
    assert.equal(conflict?.sopInstanceUid, first.sopInstanceUid);
    assert.match(conflict?.from ?? '', /CT1/);
    assert.equal((await leadglass.json<{ archive: { conflicts: number } }>('status')).archive.conflicts, 1);

    const get = async (out: string): Promise<string> => {
      const options = ['--as', device.folder, '--study', first.studyInstanceUid, '--out', leadglass.path(out)];
      await leadglass.succeed('get', leadglass.address, ...options);
      return leadglass.path(out);
    };
    assert.deepEqual(differences([first.path], await get('undecided')), [], 'until then the stored one is handed out');
    const decide = ['conflict', 'resolve', String(conflict?.id), '--keep', keep, '--reason', 'looked at both'];
    await leadglass.succeed(...decide);
    const kept = keep === 'stored' ? first : second;
    assert.deepEqual(differences([kept.path], await get('decided')), []);
    assert.deepEqual((await leadglass.json<Conflicts>('conflict', 'list')).conflicts, []);
    assert.equal((await leadglass.run(...decide)).status, 1, 'decided once');
    await leadglass.succeed('index', 'rebuild');
    assert.deepEqual(differences([kept.path], await get('rebuilt')), [], 'the decision outlives the index');
    await leadglass.succeed('verify');
    await leadglass.succeed('ledger', 'verify');
  });
}

test('a device that may reach only its modality is not told that a UID of another is known', async () => {
  await using leadglass = await Leadglass.start();
  const all = await leadglass.enrol('CT1', 'archive');
  const mr = await leadglass.enrol('MR1', 'acquisition', '--modality', 'MR');
  const stored = writeImage(leadglass.path('stored'), { study: 'foreign' });
  await leadglass.succeed('send', leadglass.address, '--as', all.folder, stored.path);
  const facts = { study: 'guess', modality: 'MR', sopClass: sopClasses.mr, sopInstanceUid: stored.sopInstanceUid };
  const guessed = writeImage(leadglass.path('guessed'), facts);
  const fresh = writeImage(leadglass.path('fresh'), { study: 'guess', modality: 'MR', sopClass: sopClasses.mr });
  const send = ['send', leadglass.address, '--as', mr.folder, '--json'];
  const told = async (path: string): Promise<string> => {
    const { durationMs: _, seconds: __, ...facts } = await leadglass.json<Record<string, unknown>>(...send, path);
    return JSON.stringify(facts).replaceAll(/[0-9]+(\.[0-9]+)*/g, 'n');
  };
  assert.equal(await told(guessed.path), await told(fresh.path), 'known or new, the answer is the same');
  const [conflict] = (await leadglass.json<Conflicts>('conflict', 'list')).conflicts;
  assert.equal(conflict?.sopInstanceUid, stored.sopInstanceUid, 'a person decides');
  assert.match(conflict?.from ?? '', /MR1/);
});
