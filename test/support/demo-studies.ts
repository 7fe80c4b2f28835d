/** The studies of the demo as files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { part10Of, syntheticInstances } from '../../src/cli/demo/synthetic.ts';
import { uidOf } from './dicom-files.ts';

/** @param seed of their UIDs */
export function writeDemoStudies(folder: string, seed: string): void {
  mkdirSync(folder);
  let count = 0;
  const newUid = (): ReturnType<typeof uidOf> => uidOf(`${seed} ${(count += 1)}`);
  for (const instance of syntheticInstances({ newUid, studyDate: '20261125' })) {
    writeFileSync(join(folder, `${instance.name}.dcm`), part10Of(instance));
  }
}
