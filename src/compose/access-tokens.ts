/**
 * Access tokens as the guard asks for them: our own and those of the hospital's provider. The guard is made before either is there; until
 * then nobody has a token.
 */
import type { AccessTokenHolder, AccessTokens } from '../guard/identify/access-token.ts';

export class AccessTokenDirectory implements AccessTokens {
  readonly #listeners = new Set<(account: string) => void>();
  #sources: readonly AccessTokens[] = [];

  /** From now on tokens are those of these, in this order. */
  connect(sources: readonly AccessTokens[]): Disposable {
    this.#sources = sources;
    const listening = sources.map((source) =>
      source.onChange((account) => {
        for (const listener of this.#listeners) listener(account);
      }),
    );
    return {
      [Symbol.dispose]: () => {
        for (const one of listening) one[Symbol.dispose]();
        this.#sources = [];
      },
    };
  }

  async byText(text: string): Promise<AccessTokenHolder | undefined> {
    for (const source of this.#sources) {
      const holder = await source.byText(text);
      if (holder !== undefined) return holder;
    }
    return undefined;
  }

  byId(tokenId: number): AccessTokenHolder | undefined {
    for (const source of this.#sources) {
      const holder = source.byId(tokenId);
      if (holder !== undefined) return holder;
    }
    return undefined;
  }

  onChange(listener: (account: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
