/**
 * For `index rebuild` on an index that cannot even be opened: it is put aside, and opening makes a new one from the
 * segments. An index is never the only place of anything, so that nothing is lost.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { asLeadglassError } from '../error.ts';

const ends = ['', '-wal', '-shm'];

/**
 * Opens; when that fails, opens again without the index. Fails as the first time when that does not help, with the index
 * back in its place. An index that another process uses is left alone.
 */
export async function openWithoutIndex<T>(dataDirectory: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (thrown) {
    const path = join(dataDirectory, 'archive/index.sqlite');
    if (asLeadglassError(thrown).code === 'BACKEND_UNAVAILABLE' || !existsSync(path)) throw thrown;
    const aside = `${path}.unsound`;
    for (const end of ends) move(path + end, aside + end);
    try {
      return await open();
    } catch {
      for (const end of ends) move(aside + end, path + end);
      throw thrown;
    }
  }
}

function move(from: string, to: string): void {
  rmSync(to, { force: true });
  if (existsSync(from)) renameSync(from, to);
}
