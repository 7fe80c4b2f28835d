/** A structured report as XML for programs: the tree with its codes (docs/reference/report-xml.md). */
import { type Markup, markup, markupText } from '../documents/markup.ts';
import type { Code, ContentItem, ItemValue } from './content-item.ts';
import { renderedUrl, type SopReference } from './references.ts';
import type { Report } from './report.ts';
import { indexOf, type ItemIndex, valueText } from './value-text.ts';

/** @param baseUrl of the web service; links lead below it */
export function reportXml(report: Report, baseUrl: string): string {
  const index = indexOf(report.root);
  const { title, sopInstanceUid, flags, facts, people, predecessors } = report;
  const writer = new ItemWriter(report, baseUrl, index);
  const document = markup`<?xml version="1.0" encoding="UTF-8"?>
<report xmlns="urn:leadglass:report:1" sopInstanceUID="${sopInstanceUid}">
<title>${title}</title>
${facts.map(({ name, text }) => markup`<fact name="${name}">${text}</fact>\n`)}${flags.map(
  ({ name, value, description }) => markup`<flag name="${name}" value="${value}">${description}</flag>\n`,
)}${people.map(
  ({ role, name, organization, at }) =>
    markup`<person role="${role}"${attribute('organization', organization)}${attribute('at', at)}>${name}</person>\n`,
)}${predecessors.map((reference) => markup`<predecessor>${writer.reference(reference)}</predecessor>\n`)}${writer.item(report.root)}</report>
`;
  return markupText(document);
}

class ItemWriter {
  readonly #report: Report;
  readonly #baseUrl: string;
  readonly #index: ItemIndex;

  constructor(report: Report, baseUrl: string, index: ItemIndex) {
    this.#report = report;
    this.#baseUrl = baseUrl;
    this.#index = index;
  }

  item({ position, relationship, name, value, observedAt, children }: ContentItem): Markup {
    const relation = attribute('relationship', relationship);
    return markup`<item position="${position}" type="${typeOf(value)}"${relation}${attribute('observed', observedAt)}>
${name === undefined ? undefined : markup`<name${codeOf(name)}>${name.meaning}</name>\n`}${this.#value(value)}${children.map((child) => this.item(child))}</item>
`;
  }

  #value(value: ItemValue): Markup | undefined {
    const text = valueText(value, this.#index);
    switch (value.kind) {
      case 'container':
        return undefined;
      case 'number': {
        const unit =
          value.unit === undefined ? undefined : markup`<unit${codeOf(value.unit)}>${value.unit.meaning}</unit>\n`;
        const { qualifier } = value;
        const why =
          qualifier === undefined
            ? undefined
            : markup`<qualifier${codeOf(qualifier)}>${qualifier.meaning}</qualifier>\n`;
        return markup`<value${attribute('exact', value.exact)}>${value.text}</value>\n${unit}${why}`;
      }
      case 'code':
        return value.code === undefined
          ? undefined
          : markup`<value${codeOf(value.code)}>${value.code.meaning}</value>\n`;
      case 'date':
      case 'time':
      case 'datetime':
      case 'name':
        // As DICOM writes it, so that programs need not read words for people.
        return markup`<value>${value.text}</value>\n`;
      case 'reference':
        return value.reference === undefined ? undefined : this.reference(value.reference);
      case 'by-reference':
        return markup`<value item="${value.target}">${text}</value>\n`;
      case 'text':
      case 'uid':
      case 'region':
      case 'times':
      case 'unknown':
        return markup`<value>${text}</value>\n`;
    }
  }

  reference(reference: SopReference): Markup {
    const { sopClassUid, sopInstanceUid, frames, segments, channels } = reference;
    const href = renderedUrl(reference, this.#report.places, this.#baseUrl);
    const list = (name: string, values: readonly number[]): Markup | undefined =>
      attribute(name, values.length === 0 ? undefined : values.join(' '));
    return markup`<reference sopClassUID="${sopClassUid}" sopInstanceUID="${sopInstanceUid}"${list('frames', frames)}${list('segments', segments)}${list('channels', channels)}${attribute('href', href)}/>\n`;
  }
}

const types = {
  container: 'CONTAINER',
  text: 'TEXT',
  number: 'NUM',
  code: 'CODE',
  date: 'DATE',
  time: 'TIME',
  datetime: 'DATETIME',
  name: 'PNAME',
  uid: 'UIDREF',
  times: 'TCOORD',
  'by-reference': 'REFERENCE',
} as const;

/** Value types as the standard writes them (C.17.3). */
function typeOf(value: ItemValue): string {
  return value.kind === 'reference' || value.kind === 'region' || value.kind === 'unknown'
    ? value.type
    : types[value.kind];
}

function codeOf({ value, scheme }: Code): Markup {
  return markup` code="${value}" scheme="${scheme}"`;
}

/** @param name is ours */
function attribute(name: string, value: string | undefined): Markup | undefined {
  return value === undefined ? undefined : markup` ${name}="${value}"`;
}
