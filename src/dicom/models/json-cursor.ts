/**
 * Reads JSON (RFC 8259) step by step, as strictly as the RFC: what `JSON.parse` hides has to be seen here, such as a name
 * that stands twice, and numbers digit by digit. Depth is bounded by who leads it.
 */
import type { ReadContext } from './read-context.ts';

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** The inside of a string without escapes: all but quotation mark, backslash and controls. */
const plain = /[ !#-[\]-\uffff]*/y;

export class JsonCursor {
  readonly #text: string;
  readonly #context: ReadContext;
  #at = 0;

  constructor(text: string, context: ReadContext) {
    this.#text = text;
    this.#context = context;
  }

  /** The next character that is no white space; '' at the end. */
  peek(): string {
    space.lastIndex = this.#at;
    space.exec(this.#text);
    this.#at = space.lastIndex;
    return this.#text.charAt(this.#at);
  }

  /** Takes this character if it is next. */
  skip(character: string): boolean {
    if (this.peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  expect(character: string): void {
    if (!this.skip(character)) throw this.fail(`expected ${character}`);
  }

  /** `null`, if it is next. */
  skipNull(): boolean {
    if (this.peek() !== 'n' || !this.#text.startsWith('null', this.#at)) return false;
    this.#at += 4;
    return true;
  }

  /** A string, or undefined if none is next. */
  string(): string | undefined {
    if (this.peek() !== '"') return undefined;
    const start = this.#at;
    plain.lastIndex = start + 1;
    plain.exec(this.#text);
    let end = plain.lastIndex;
    if (this.#text.charAt(end) === '"') {
      this.#at = end + 1;
      return this.#text.slice(start + 1, end);
    }
    while (this.#text.charAt(end) === '\\') {
      // Beyond the end a sticky pattern would begin anew at the start.
      plain.lastIndex = Math.min(end + 2, this.#text.length);
      plain.exec(this.#text);
      end = plain.lastIndex;
    }
    if (this.#text.charAt(end) !== '"') throw this.fail('a string does not end, or holds a control character');
    this.#at = end + 1;
    try {
      // Escapes alone are left to it.
      return String(JSON.parse(this.#text.slice(start, end + 1)));
    } catch (error) {
      throw this.#context.malformed('a string holds an escape that is none', start, error);
    }
  }

  /** A number as it is spelled, or undefined if none is next. */
  number(): string | undefined {
    const first = this.peek();
    if (first !== '-' && (first < '0' || first > '9')) return undefined;
    const max = this.#context.limits.numberCharactersMax;
    number.lastIndex = 0;
    const found = number.exec(this.#text.slice(this.#at, this.#at + max + 1))?.[0] ?? '';
    if (found.length > max) throw this.#context.exceeded('characters in a number', max);
    this.#at += found.length;
    if (found === '' || /[\w.+-]/.test(this.#text.charAt(this.#at))) throw this.fail('a number is none');
    return found;
  }

  /** Members of an object, whose `{` has been taken, until `}`; `member` reads what follows the colon. */
  members(member: (name: string) => void): void {
    if (this.skip('}')) return;
    const names = new Set<string>();
    do {
      const name = this.string();
      if (name === undefined) throw this.fail('expected a name');
      // RFC 8259 4 leaves open what the second means; two readers would see two data sets.
      if (names.has(name)) throw this.fail('a name stands twice in one object');
      names.add(name);
      this.expect(':');
      member(name);
    } while (this.skip(','));
    this.expect('}');
  }

  /** Elements of an array, whose `[` has been taken, until `]`. */
  elements(element: () => void): void {
    if (this.skip(']')) return;
    do element();
    while (this.skip(','));
    this.expect(']');
  }

  end(): void {
    if (this.peek() !== '') throw this.fail('something follows the end');
  }

  fail(what: string): Error {
    return this.#context.malformed(what, this.#at);
  }
}
