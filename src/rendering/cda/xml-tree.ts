/**
 * An XML document of others as a small tree: elements with their local names, attributes and text. There is no document type
 * and no entity but the five of XML, so none of their attacks; everything is counted.
 */
import { LeadglassError } from '../../error.ts';

export interface XmlNode {
  /** Without its prefix. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (XmlNode | string)[];
}

export interface XmlTreeLimits {
  readonly depthMax: number;
  readonly elementsMax: number;
  /** Of one element. */
  readonly attributesMax: number;
}

/** Names of XML, as far as documents here have them. */
const startTag = /<(?<name>[A-Za-z_][\w.:-]{0,127})/y;
const attribute = /\s+(?<name>[A-Za-z_][\w.:-]{0,127})\s*=\s*(?:"(?<double>[^"<]*)"|'(?<single>[^'<]*)')/y;
const startEnd = /\s*(?<slash>\/?)>/y;
const endTag = /<\/(?<name>[A-Za-z_][\w.:-]{0,127})\s*>/y;
const characters = /[^<]+/y;
const entities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

interface OpenNode {
  /** With its prefix. */
  readonly tag: string;
  readonly node: XmlNode & { readonly children: (XmlNode | string)[] };
}

/** The root element. @throws LeadglassError MALFORMED with the offset, LIMIT_EXCEEDED */
export function readXmlTree(text: string, limits: XmlTreeLimits): XmlNode {
  return new TreeReader(text, limits).root();
}

class TreeReader {
  readonly #text: string;
  readonly #limits: XmlTreeLimits;
  readonly #open: OpenNode[] = [];
  #at = 0;
  #elements = 0;
  #root: XmlNode | undefined;

  constructor(text: string, limits: XmlTreeLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  root(): XmlNode {
    while (this.#at < this.#text.length) this.#step();
    if (this.#open.length > 0) throw this.#malformed('it ends within an element');
    if (this.#root === undefined) throw this.#malformed('it has no element');
    return this.#root;
  }

  #step(): void {
    const text = this.#match(characters);
    if (text !== undefined) return this.#add(this.#resolved(text[0]));
    if (this.#text.startsWith('</', this.#at)) return this.#end();
    if (this.#text.startsWith('<!--', this.#at)) return void this.#until('<!--', '-->');
    if (this.#text.startsWith('<?', this.#at)) return void this.#until('<?', '?>');
    if (this.#text.startsWith('<![CDATA[', this.#at)) return this.#add(this.#until('<![CDATA[', ']]>'));
    if (this.#text.startsWith('<!', this.#at)) throw this.#malformed('a document type is not taken');
    return this.#start();
  }

  #start(): void {
    const tag = this.#match(startTag)?.groups?.['name'];
    if (tag === undefined) throw this.#malformed('a tag is none');
    const attributes = this.#attributes();
    const end = this.#match(startEnd);
    if (end === undefined) throw this.#malformed('a tag is none');
    const { elementsMax, depthMax } = this.#limits;
    this.#elements += 1;
    if (this.#elements > elementsMax) throw exceeded('elements', elementsMax);
    if (this.#open.length >= depthMax) throw exceeded('levels', depthMax);
    const node = { name: localName(tag), attributes, children: [] };
    const parent = this.#open.at(-1);
    if (parent !== undefined) parent.node.children.push(node);
    else if (this.#root === undefined) this.#root = node;
    else throw this.#malformed('it has two roots');
    if (end.groups?.['slash'] !== '/') this.#open.push({ tag, node });
  }

  #attributes(): ReadonlyMap<string, string> {
    const { attributesMax } = this.#limits;
    const attributes = new Map<string, string>();
    for (let found = this.#match(attribute); found !== undefined; found = this.#match(attribute)) {
      const { name = '', double, single } = found.groups ?? {};
      if (attributes.size >= attributesMax) throw exceeded('attributes', attributesMax);
      attributes.set(name, this.#resolved(double ?? single ?? ''));
    }
    return attributes;
  }

  #end(): void {
    const name = this.#match(endTag)?.groups?.['name'];
    if (name === undefined || this.#open.pop()?.tag !== name)
      throw this.#malformed('an end tag is none of its element');
  }

  #add(text: string): void {
    const parent = this.#open.at(-1);
    if (parent !== undefined) parent.node.children.push(text);
    else if (text.replace('\ufeff', '').trim() !== '') throw this.#malformed('text stands outside of the root');
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }

  #until(begin: string, end: string): string {
    const from = this.#at + begin.length;
    const to = this.#text.indexOf(end, from);
    if (to < 0) throw this.#malformed('it ends too early');
    this.#at = to + end.length;
    return this.#text.slice(from, to);
  }

  /** What means nothing here stays as it is written: it is text, and will be escaped. */
  #resolved(text: string): string {
    if (!text.includes('&')) return text;
    return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]{2,4}));/g, (whole, decimal, hex, name) => {
      if (name !== undefined) return entities.get(String(name)) ?? whole;
      const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    });
  }

  #malformed(what: string): LeadglassError {
    return new LeadglassError('MALFORMED', `Cannot read the XML document: ${what}`, { offset: this.#at });
  }
}

function exceeded(what: string, most: number): LeadglassError {
  return new LeadglassError('LIMIT_EXCEEDED', `Cannot read the XML document: more than ${most} ${what}`);
}

function localName(tag: string): string {
  return tag.slice(tag.indexOf(':') + 1);
}

/** Labels of the XML declaration that are read; others are refused. */
const encodings: ReadonlySet<string> = new Set(['utf-8', 'utf-16', 'iso-8859-1', 'windows-1252', 'us-ascii']);

/** By byte order mark or declaration (XML 1.0 F). @throws LeadglassError MALFORMED, UNSUPPORTED */
export function decodeXml(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const mark =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
  const head = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const said = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*\sencoding\s*=\s*["'](?<name>[\w.-]{1,40})["']/.exec(head)?.groups?.[
    'name'
  ];
  const encoding = mark ?? said?.toLowerCase() ?? 'utf-8';
  if (mark === undefined && !encodings.has(encoding)) {
    throw new LeadglassError('UNSUPPORTED', 'Cannot read the XML document: its encoding is not known');
  }
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new LeadglassError('MALFORMED', `Cannot read the XML document: it is not ${encoding}`, { cause });
  }
}
