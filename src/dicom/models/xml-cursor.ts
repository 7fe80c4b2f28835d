/**
 * Reads the part of XML 1.0 that a Native DICOM Model is written in, step by step: elements, attributes, text, comments,
 * CDATA, character references and the five entities. There is no document type, no processing instruction and no other
 * entity in it, so none of their attacks (docs/decisions/0011-own-reader-for-native-dicom-xml.md). Depth is bounded by who
 * leads it.
 */
import type { ReadContext } from './read-context.ts';

export interface XmlTag {
  readonly kind: 'start' | 'empty' | 'end';
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** No name of the model has a prefix, but attributes do (`xml:space`). */
const tagHead = /<(?<slash>\/?)(?<name>[A-Za-z][A-Za-z:]{0,31})(?=[\s/>])/y;
const attribute =
  /[ \t\n]+(?<name>[A-Za-z][A-Za-z:]{0,31})[ \t\n]*=[ \t\n]*(?:"(?<double>[^"<]*)"|'(?<single>[^'<]*)')/y;
const tagEnd = /[ \t\n]*(?<slash>\/?)>/y;
const declaration = /<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"1\.0"|'1\.0')(?<rest>[^<>?]*)\?>/y;
/** The last is not XML, but in the standard's own example (PS3.18 F.2.1.1.1). */
const declarationRest =
  /^(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"(?<double>[\w.-]+)"|'(?<single>[\w.-]+)'))?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*["'](?:yes|no)["'])?(?:[ \t\n]+xml:space="preserve")?[ \t\n]*$/;
const noText = /[ \t\n]*/y;
const characters = /[^<&]*/y;
const entities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);
/** More than any element of the model has. */
const attributesMax = 8;

export class XmlCursor {
  readonly #text: string;
  readonly #context: ReadContext;
  #at = 0;

  constructor(text: string, context: ReadContext) {
    // XML 1.0 2.11: line ends are one line feed each.
    this.#text = text.replaceAll(/\r\n?/g, '\n');
    this.#context = context;
    const wrong = notXml.exec(this.#text);
    if (wrong !== null) throw context.malformed('it holds a character that XML cannot', wrong.index);
  }

  /** The XML declaration, where there is one. */
  prolog(): void {
    const found = this.#match(declaration);
    if (found === undefined) {
      if (this.#text.startsWith('<?xml', this.#at)) throw this.fail('the XML declaration is none of version 1.0');
      return;
    }
    const rest = declarationRest.exec(found['rest'] ?? '')?.groups;
    if (rest === undefined) throw this.fail('the XML declaration has something unknown');
    const encoding = rest['double'] ?? rest['single'] ?? 'UTF-8';
    if (encoding.toUpperCase() !== 'UTF-8') throw this.fail('its encoding is not UTF-8');
  }

  /** The next tag; between elements stand only white space and comments. */
  tag(): XmlTag {
    this.#skipNoText();
    const start = this.#at;
    const head = this.#match(tagHead);
    if (head === undefined) throw this.fail(this.#unwelcome());
    const name = head['name'] ?? '';
    const attributes = new Map<string, string>();
    for (let found = this.#match(attribute); found !== undefined; found = this.#match(attribute)) {
      const key = found['name'] ?? '';
      if (attributes.has(key)) throw this.fail('an attribute stands twice in one tag');
      if (attributes.size === attributesMax) throw this.#context.exceeded('attributes in one tag', attributesMax);
      // XML 1.0 3.3.3: white space in attributes is spaces, unless it is written as reference.
      attributes.set(key, this.#resolved((found['double'] ?? found['single'] ?? '').replaceAll(/[\t\n]/g, ' ')));
    }
    const end = this.#match(tagEnd);
    if (end === undefined) throw this.#context.malformed('a tag is no tag of XML', start);
    const isEnd = head['slash'] === '/';
    if (isEnd && (attributes.size > 0 || end['slash'] === '/'))
      throw this.#context.malformed('an end tag is none', start);
    return { kind: isEnd ? 'end' : end['slash'] === '/' ? 'empty' : 'start', name, attributes };
  }

  /** The text up to the end tag of the element whose start tag was read, that tag included. */
  textOf(name: string): string {
    let text = '';
    for (;;) {
      characters.lastIndex = this.#at;
      const part = characters.exec(this.#text)?.[0] ?? '';
      if (part.includes(']]>')) throw this.fail('text holds the end of a CDATA section');
      text += part;
      this.#at += part.length;
      if (this.#text.charAt(this.#at) === '&') text += this.#reference();
      else if (this.#text.startsWith('<![CDATA[', this.#at)) text += this.#until('<![CDATA[', ']]>');
      else if (this.#text.startsWith('<!--', this.#at)) this.#comment();
      else break;
    }
    const end = this.tag();
    if (end.kind !== 'end' || end.name !== name) throw this.fail(`expected </${name}>`);
    return text;
  }

  /** Nothing but white space and comments follows. */
  end(): void {
    this.#skipNoText();
    if (this.#at < this.#text.length) throw this.fail('something follows the end');
  }

  fail(what: string): Error {
    return this.#context.malformed(what, this.#at);
  }

  #match(pattern: RegExp): Readonly<Record<string, string | undefined>> | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found.groups ?? {};
  }

  #skipNoText(): void {
    for (;;) {
      this.#match(noText);
      if (!this.#text.startsWith('<!--', this.#at)) return;
      this.#comment();
    }
  }

  #comment(): void {
    // XML 1.0 2.5.
    if (this.#until('<!--', '--').endsWith('-') || this.#text.charAt(this.#at) !== '>')
      throw this.fail('a comment is none');
    this.#at += 1;
  }

  /** What stands between these two, of which the first is next. */
  #until(begin: string, end: string): string {
    const from = this.#at + begin.length;
    const to = this.#text.indexOf(end, from);
    if (to < 0) throw this.fail('it ends too early');
    this.#at = to + end.length;
    return this.#text.slice(from, to);
  }

  #resolved(text: string): string {
    if (!text.includes('&')) return text;
    return text.replaceAll(/&[^;&]{0,10};?/g, (reference) => this.#meaning(reference));
  }

  #reference(): string {
    const reference = /^&[^;&<]{0,10};?/.exec(this.#text.slice(this.#at, this.#at + 12))?.[0] ?? '';
    const meaning = this.#meaning(reference);
    this.#at += reference.length;
    return meaning;
  }

  #meaning(reference: string): string {
    const { decimal, hex, name } =
      /^&(?:#(?<decimal>\d{1,7})|#x(?<hex>[0-9A-Fa-f]{1,6})|(?<name>[a-z]{2,4}));$/.exec(reference)?.groups ?? {};
    const named = name === undefined ? undefined : entities.get(name);
    if (named !== undefined) return named;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    const character = code <= 0x10ffff ? String.fromCodePoint(code) : '\0';
    if (Number.isNaN(code) || notXml.test(character)) throw this.fail('a reference means nothing that XML knows');
    return character;
  }

  #unwelcome(): string {
    const next = this.#text.slice(this.#at, this.#at + 9);
    if (next.startsWith('<!DOCTYPE')) return 'a document type is not taken';
    if (next.startsWith('<?')) return 'a processing instruction is not taken';
    return next === '' ? 'it ends too early' : 'expected a tag of the model';
  }
}

/** XML 1.0 2.2; a lone surrogate cannot come from UTF-8, but from a reference. */
const notXml = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
