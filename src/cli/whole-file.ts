/** Files that commands write: each is there under its name only when all of it came. */
import { renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * Writes what `source` gives as `<path>.part`, readable by its owner only, and then gives it its name. Returns its length in
 * bytes.
 * @throws what the source or the disk throws; no part of the file stays
 */
export async function writeWhole(path: string, source: AsyncIterable<Uint8Array>): Promise<number> {
  const partial = `${path}.part`;
  let lengthBytes = 0;
  const file = await open(partial, 'wx', 0o600);
  try {
    for await (const chunk of source) {
      // Not `write`, which may take only the beginning of a chunk, for instance on a disk that becomes full.
      await file.appendFile(chunk);
      lengthBytes += chunk.length;
    }
    await file.close();
    renameSync(partial, path);
  } catch (error) {
    await file.close().catch(() => {});
    rmSync(partial, { force: true });
    throw error;
  }
  return lengthBytes;
}
