/** For tests: certificates of an authority that is not ours, as an operator or an ACME server brings them. */
import { join } from 'node:path';
import { Authority, type ServerCertificate } from './authority.ts';
import { MemorySecrets, TemporaryFolder } from './keys.test-support.ts';

export class ForeignAuthority implements Disposable {
  readonly folder = new TemporaryFolder();
  readonly authority: Authority;
  #made = 0;

  private constructor(authority: Authority, folder: TemporaryFolder) {
    this.authority = authority;
    this.folder = folder;
  }

  static async open(now?: () => Date): Promise<ForeignAuthority> {
    const folder = new TemporaryFolder();
    const directory = join(folder.path, 'certificates');
    return new ForeignAuthority(
      await Authority.open({ secrets: new MemorySecrets(), directory, ...(now && { now }) }),
      folder,
    );
  }

  get rootPem(): string {
    return this.authority.rootPem;
  }

  /** Another certificate with another key at each call. */
  issue(...names: readonly string[]): Promise<ServerCertificate> {
    this.#made += 1;
    return this.authority.serverCertificate(`made-${this.#made}`, names);
  }

  path(name: string): string {
    return join(this.folder.path, name);
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}
