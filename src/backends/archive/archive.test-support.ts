/** For the archive's own tests: a folder that is removed afterwards, keys that outlive a closing, small limits. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits } from '../../limits.ts';
import { dataSetLimits, MemoryStudyKeys } from '../backend.test-support.ts';
import { Archive, type ArchiveLimits, type ArchiveOptions } from './archive.ts';
import { type FileSystem, type OpenFile, realFileSystem } from './store/file-system.ts';

export interface TestArchive extends AsyncDisposable {
  readonly directory: string;
  readonly segments: string;
  readonly keys: MemoryStudyKeys;
  /** Opens it (again). */
  open(
    options?: Partial<Omit<ArchiveOptions, 'limits'>> & { readonly limits?: Partial<ArchiveLimits> },
  ): Promise<Archive>;
}

export async function testArchive(): Promise<TestArchive> {
  const directory = await mkdtemp(join(tmpdir(), 'leadglass-archive-'));
  const keys = new MemoryStudyKeys();
  return {
    directory,
    segments: join(directory, 'segments'),
    keys,
    open: (options = {}) =>
      Archive.open({
        directory,
        keys,
        dataSetLimits,
        retentionDays: 0,
        ...options,
        limits: { ...limits.archive, freeBytesMin: 0, ...options.limits },
      }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

/** The real disk, with some operations of each opened file in the test's own way. */
export function diskWith(
  change: (file: OpenFile, mode: Parameters<FileSystem['open']>[1]) => Partial<OpenFile>,
): FileSystem {
  return {
    ...realFileSystem,
    async open(path, mode) {
      const file = await realFileSystem.open(path, mode);
      return { ...file, ...change(file, mode) };
    },
  };
}
