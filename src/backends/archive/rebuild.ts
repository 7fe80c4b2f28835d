/**
 * The index anew from the segments alone, for a data folder that no server has open and whose index may be gone or unsound.
 * A running archive has `rebuildIndex`.
 */
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Archive, type ArchiveOptions } from './archive.ts';
import type { ReplayReport } from './replay.ts';

/**
 * What was there stays beside it as `index.sqlite.old` until the next rebuild.
 * @throws LeadglassError as Archive.open
 */
export async function rebuildIndexAlone(options: ArchiveOptions): Promise<ReplayReport> {
  const path = join(options.directory, 'index.sqlite');
  for (const end of ['', '-wal', '-shm']) {
    rmSync(`${path}.old${end}`, { force: true });
    try {
      renameSync(path + end, `${path}.old${end}`);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  // An archive without an index makes it from the segments when it opens.
  const archive = await Archive.open(options);
  const { recovery } = archive;
  await archive.close();
  return recovery;
}
