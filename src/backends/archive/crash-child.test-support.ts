/**
 * A process that stores until it is killed: `node crash-child.test-support.ts <folder> <round>`. Each acknowledged instance
 * is told as a line `SOP Instance UID, SHA-256 in hex`, written before the next one begins.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { KeyRing } from '../../keys/key-ring.ts';
import { FileSecrets } from '../../keys/secret-store.ts';
import { StudyKeys } from '../../keys/study-keys.ts';
import { limits } from '../../limits.ts';
import { dataSetLimits, makeInstance, storeInstance } from '../backend.test-support.ts';
import { Archive } from './archive.ts';

export function openCrashArchive(directory: string): Promise<{ readonly archive: Archive; readonly keys: StudyKeys }> {
  const folder = join(directory, 'keys');
  const ring = KeyRing.open(new FileSecrets(folder));
  const keys = new StudyKeys({ path: join(folder, 'study-keys.sqlite'), ring, limits });
  const opening = Archive.open({
    directory: join(directory, 'archive'),
    keys,
    // Small segments, so that kills also hit the change from one to the next.
    limits: { ...limits.archive, freeBytesMin: 0, segmentBytesMax: 4_000_000 },
    dataSetLimits,
    retentionDays: 0,
  });
  return opening.then((archive) => ({ archive, keys }));
}

if (import.meta.main) {
  const [, , directory = '', round = '0'] = process.argv;
  const { archive } = await openCrashArchive(directory);
  const { sequence } = archive.index.position;
  writeSync(1, 'open\n');
  let next = 0;
  await Promise.all(
    [10, 5_000, 80_000, 1_400_000].map(async (pixels, writer) => {
      for (;;) {
        next += 1;
        const study = Number(round) * 10 + writer + 1;
        const instance = makeInstance({ study, instance: sequence + next, pixels });
        const { sha256, result } = await storeInstance(archive, instance);
        if (result !== 'stored') throw new Error(`Expected stored, was ${result}`);
        writeSync(1, `${instance.sopInstanceUid} ${Buffer.from(sha256).toString('hex')}\n`);
      }
    }),
  );
}
