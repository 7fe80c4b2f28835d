import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { makeInstance, storeInstance } from '../../backend.test-support.ts';
import { findAll } from '../../backend-suite.ts';
import { testArchive } from '../archive.test-support.ts';

test('attack: hostile descriptions and a pattern that fits them almost leave others their turns', async () => {
  await using place = await testArchive();
  await using archive = await place.open();
  const studies = 6;
  for (let study = 1; study <= studies; study += 1) {
    await storeInstance(archive, makeInstance({ study, texts: [[Tags.StudyDescription, 'a'.repeat(60_000)]] }));
  }
  let turns = 0;
  let isOver = false;
  const others = (): void => {
    turns += 1;
    if (!isOver) setImmediate(others);
  };
  setImmediate(others);
  const pattern = `*${'a'.repeat(1000)}?b*`;
  const answers = await findAll(archive, [[Tags.StudyDescription, pattern]], { level: 'STUDY' });
  isOver = true;
  assert.deepEqual(answers, []);
  assert.ok(turns >= studies / 2, `${turns} turns of others`);
});

test('values and patterns longer than GLOB is asked for are matched all the same', async () => {
  await using place = await testArchive();
  await using archive = await place.open();
  const long = `${'x'.repeat(300)} knee`;
  for (const [study, text] of [long, 'left knee', `${'y'.repeat(140)} hip`].entries()) {
    await storeInstance(archive, makeInstance({ study: study + 1, texts: [[Tags.StudyDescription, text]] }));
  }
  const found = async (pattern: string): Promise<readonly string[]> => {
    const answers = await findAll(archive, [[Tags.StudyDescription, pattern]], { level: 'STUDY' });
    return answers.map((answer) => answer.text(Tags.StudyDescription) ?? '').toSorted();
  };
  assert.deepEqual(await found('*knee'), ['left knee', long]);
  assert.deepEqual(await found('?eft*'), ['left knee']);
  assert.deepEqual(await found(`*${'y'.repeat(127)}*p`), [`${'y'.repeat(140)} hip`]);
  assert.deepEqual(await found(`*${'y'.repeat(127)}*q`), []);
});
