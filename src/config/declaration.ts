/**
 * Building blocks of the configuration's one declaration: each key has a schema, a default and a comment, and from these
 * come the checks, the type, the commented leadglass.yaml and the reference page. What the keys are stands in
 * config.ts.
 */
import * as v from 'valibot';

/** One value. */
export interface Key<T> {
  readonly kind: 'key';
  readonly schema: v.GenericSchema<unknown, T>;
  readonly default: T;
  /** What it does and, where it loosens something, the risk. Plain sentences. */
  readonly comment: string;
  /** What may stand here, for people: `1 to 65535`. */
  readonly values: string;
  /** True: `config show` prints `[redacted]`. */
  readonly secret: boolean;
}
/** Keys that belong together, one level deeper. */
export interface Group<M extends Members> {
  readonly kind: 'group';
  readonly comment: string;
  readonly members: M;
}
// The values' types differ from key to key; ValueOf below gives each back exactly.
export type Members = { readonly [name: string]: Key<unknown> | Group<Members> };
export type ValueOf<N> =
  N extends Group<infer M>
    ? { readonly [K in keyof M]: ValueOf<M[K]> }
    : N extends { readonly kind: 'key'; readonly default: infer T }
      ? T
      : never;

interface KeyFacts<T> {
  readonly default: T;
  readonly values: string;
  readonly comment: string;
  readonly secret?: boolean;
}

export function key<T>(schema: v.GenericSchema<unknown, T>, facts: KeyFacts<T>): Key<T> {
  return { kind: 'key', schema, secret: false, ...facts };
}

export function group<const M extends Members>(comment: string, members: M): Group<M> {
  return { kind: 'group', comment, members };
}

/** One of these words. */
export function choice<const W extends readonly string[]>(
  words: W,
  facts: Omit<KeyFacts<W[number]>, 'values'>,
): Key<W[number]> {
  const schema = v.picklist(words, `must be one of ${words.join(', ')}`) as v.GenericSchema<unknown, W[number]>; // true: picklist's output is the words
  return key<W[number]>(schema, { ...facts, values: words.join(', ') });
}

/** A whole number between two bounds, both allowed. */
export function wholeNumber(from: number, to: number, facts: Omit<KeyFacts<number>, 'values'>): Key<number> {
  const text = `must be a whole number from ${from} to ${to}`;
  return key(v.pipe(v.number(text), v.integer(text), v.minValue(from, text), v.maxValue(to, text)), {
    ...facts,
    values: `${from} to ${to}`,
  });
}

export function yesOrNo(facts: Omit<KeyFacts<boolean>, 'values'>): Key<boolean> {
  return key(v.boolean('must be true or false'), { ...facts, values: 'true, false' });
}
