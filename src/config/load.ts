/** Finds, reads and, at a first start, writes the configuration file. */
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LeadglassError } from '../error.ts';
import type { Config } from './config.ts';
import { parseConfig } from './parse.ts';
import { defaultConfigText } from './render.ts';

export interface LoadedConfig {
  readonly config: Config;
  readonly file: string;
  /** True when the file was not there and has been written with its defaults. */
  readonly written: boolean;
}

export const configFileName = 'leadglass.yaml';

/**
 * The configuration of a data folder. Without `configFile` it is `<data>/leadglass.yaml`, written when missing if
 * `writeMissing` says so; a file that was named must be there.
 * @throws LeadglassError BAD_REQUEST (what the file says cannot be used), NOT_FOUND (the named file is not there)
 */
export function loadConfig(options: {
  readonly dataDirectory: string;
  readonly configFile?: string | undefined;
  readonly writeMissing: boolean;
}): LoadedConfig {
  const file = options.configFile ?? join(options.dataDirectory, configFileName);
  const text = readIfThere(file);
  if (text !== undefined) return { config: parseConfig(text, file), file, written: false };
  if (options.configFile !== undefined) {
    throw new LeadglassError('NOT_FOUND', `Cannot read the configuration: there is no file ${file}`);
  }
  const fresh = defaultConfigText();
  if (options.writeMissing) writeNew(file, fresh);
  return { config: parseConfig(fresh, file), file, written: options.writeMissing };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new LeadglassError('BAD_REQUEST', `Cannot read the configuration file ${file}`, { cause: error });
  }
}

function writeNew(file: string, text: string): void {
  // O_DSYNC: Node's permission model refuses fsync.
  const { O_WRONLY, O_CREAT, O_EXCL, O_DSYNC } = constants;
  const handle = openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_DSYNC, 0o600);
  try {
    writeSync(handle, text);
  } finally {
    closeSync(handle);
  }
}
