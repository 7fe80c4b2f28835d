/**
 * Passwords at rest: Argon2id (RFC 9106) with a salt of its own and a key that lies apart from the database (RFC 9106 3.1, secret
 * value K; SP 800-63B-4 3.1.1.2, "keyed hashing"). Computed in Node's thread pool, few at once, since each takes its memory.
 */
import { argon2, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { SecretStore } from '../../keys/secret-store.ts';
import { LeadglassError } from '../../error.ts';
import { PeopleRefusedError } from '../refusal.ts';

export interface Argon2Parameters {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly tagBytes: number;
  readonly saltBytes: number;
}

export interface HasherLimits {
  readonly argon2: Argon2Parameters;
  readonly argon2MemoryKiBMax: number;
  readonly argon2PassesMax: number;
  readonly passwordHashesAtOnceMax: number;
  readonly passwordHashesWaitingMax: number;
}

const pepperName = 'password-pepper.key';
const pepperBytes = 32;

/** The pepper of an installation; a first start makes it. @throws LeadglassError CORRUPT for one of another length */
export function openPepper(secrets: SecretStore): Buffer {
  let pepper = secrets.read(pepperName);
  if (pepper === undefined) {
    pepper = randomBytes(pepperBytes);
    secrets.create(pepperName, pepper);
  }
  if (pepper.length !== pepperBytes) {
    throw new LeadglassError(
      'CORRUPT',
      `Cannot read the key of the passwords: it has ${pepper.length} bytes, expected ${pepperBytes}; restore it from a backup`,
    );
  }
  return pepper;
}

export type Verdict = 'right' | 'right-but-outdated' | 'wrong';

/** `$argon2id$v=19$m=…,t=…,p=…,k=…$salt$tag`: the usual text form (PHC), with the first 8 hex digits of the pepper's SHA-256 as k. */
const form =
  /^\$argon2id\$v=19\$m=([0-9]{1,9}),t=([0-9]{1,4}),p=([0-9]{1,3}),k=([0-9a-f]{8})\$([A-Za-z0-9_-]{22,88})\$([A-Za-z0-9_-]{22,88})$/;

export class PasswordHasher {
  readonly #pepper: Buffer;
  readonly #pepperId: string;
  readonly #limits: HasherLimits;
  readonly #nobody: string;
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #running = 0;

  constructor({ pepper, limits }: { readonly pepper: Buffer; readonly limits: HasherLimits }) {
    this.#pepper = pepper;
    this.#pepperId = createHash('sha256').update(pepper).digest('hex').slice(0, 8);
    this.#limits = limits;
    const { saltBytes, tagBytes } = limits.argon2;
    this.#nobody = this.#text(limits.argon2, randomBytes(saltBytes), randomBytes(tagBytes));
  }

  /** @param password as readPassword made it */
  async hash(password: string): Promise<string> {
    const parameters = this.#limits.argon2;
    const salt = randomBytes(parameters.saltBytes);
    return this.#text(parameters, salt, await this.#compute(password, salt, parameters));
  }

  /**
   * Compares. Without a hash (no such account, no password, a text that can be none) it works as long as with one, so that the time
   * does not tell whether an account exists. `right-but-outdated`: hash it anew with today's parameters.
   * @throws PeopleRefusedError busy; LeadglassError CORRUPT for a hash that is none of ours
   */
  async verify(password: string | undefined, hash: string | undefined): Promise<Verdict> {
    const isReal = password !== undefined && hash !== undefined;
    const stored = this.#parse(isReal ? hash : this.#nobody);
    const tag = await this.#compute(password ?? '', stored.salt, stored.parameters);
    const isRight = timingSafeEqual(tag, stored.tag) && isReal;
    if (!isRight) return 'wrong';
    const { memoryKiB, passes, parallelism, tagBytes, saltBytes } = this.#limits.argon2;
    const { parameters } = stored;
    const isCurrent =
      parameters.memoryKiB === memoryKiB &&
      parameters.passes === passes &&
      parameters.parallelism === parallelism &&
      parameters.tagBytes === tagBytes &&
      parameters.saltBytes === saltBytes;
    return isCurrent ? 'right' : 'right-but-outdated';
  }

  #text({ memoryKiB, passes, parallelism }: Argon2Parameters, salt: Buffer, tag: Buffer): string {
    const head = `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism},k=${this.#pepperId}`;
    return `${head}$${salt.toString('base64url')}$${tag.toString('base64url')}`;
  }

  #parse(hash: string): { readonly parameters: Argon2Parameters; readonly salt: Buffer; readonly tag: Buffer } {
    const [, memory, passes, parallelism, pepperId, saltText, tagText] = form.exec(hash) ?? [];
    if (saltText === undefined || tagText === undefined)
      throw new LeadglassError('CORRUPT', 'Cannot read a password hash');
    if (pepperId !== this.#pepperId) {
      throw new LeadglassError(
        'CORRUPT',
        'Cannot check a password: its hash was made with another key (password-pepper.key)',
      );
    }
    const salt = Buffer.from(saltText, 'base64url');
    const tag = Buffer.from(tagText, 'base64url');
    const parameters = {
      memoryKiB: Number(memory),
      passes: Number(passes),
      parallelism: Number(parallelism),
      tagBytes: tag.length,
      saltBytes: salt.length,
    };
    if (parameters.memoryKiB > this.#limits.argon2MemoryKiBMax || parameters.passes > this.#limits.argon2PassesMax) {
      throw new LeadglassError('CORRUPT', 'Cannot check a password: its hash asks for more work than is allowed');
    }
    return { parameters, salt, tag };
  }

  async #compute(password: string, salt: Buffer, parameters: Argon2Parameters): Promise<Buffer> {
    await this.#turn();
    try {
      return await argon2id(password, salt, { parameters, pepper: this.#pepper });
    } finally {
      // The place is handed on and not set free, so that nobody who comes in between takes it.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next.resolve();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running < this.#limits.passwordHashesAtOnceMax) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.#limits.passwordHashesWaitingMax) throw new PeopleRefusedError('busy');
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn);
    await turn.promise;
  }
}

function argon2id(
  password: string,
  nonce: Buffer,
  { parameters, pepper }: { readonly parameters: Argon2Parameters; readonly pepper: Buffer },
): Promise<Buffer> {
  const { memoryKiB: memory, passes, parallelism, tagBytes: tagLength } = parameters;
  return new Promise((resolve, reject) => {
    argon2(
      'argon2id',
      { message: password, nonce, memory, passes, parallelism, tagLength, secret: pepper },
      (error, tag) => {
        if (error === null) resolve(tag);
        else reject(error);
      },
    );
  });
}
