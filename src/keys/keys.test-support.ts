/** What the tests of the keys share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ErrorCode } from '../error.ts';
import { LeadglassError } from '../error.ts';
import type { SecretStore } from './secret-store.ts';

export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'leadglass-keys-'));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

export class MemorySecrets implements SecretStore {
  readonly secrets = new Map<string, Buffer>();
  read(name: string): Buffer | undefined {
    return this.secrets.get(name);
  }
  create(name: string, secret: Uint8Array): void {
    if (this.secrets.has(name)) throw new LeadglassError('CONFLICT', 'is there');
    this.secrets.set(name, Buffer.from(secret));
  }
  remove(name: string): void {
    this.secrets.delete(name);
  }
}

/** For assert.throws: a LeadglassError of this code whose message fits. */
export function code(expected: ErrorCode, text = /./): (error: unknown) => boolean {
  return (error) => error instanceof LeadglassError && error.code === expected && text.test(error.message);
}
