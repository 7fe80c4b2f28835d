/**
 * A structured report as a page: sections with headings, lists of terms and their values, tables of measurements, links to what
 * it refers to. No script, nothing loaded; one style sheet inside, which the policy names by its digest.
 */
import { type Markup, markup } from '../documents/markup.ts';
import { pageOf } from '../documents/page.ts';
import { dateTimeText } from '../documents/values.ts';
import { type ContentItem, nameOf, type NumberValue } from './content-item.ts';
import { renderedUrl, type SopReference } from './references.ts';
import type { Flag, Participant, Report } from './report.ts';
import { indexOf, type ItemIndex, noteOf, referenceText, relationshipText, unitText, valueText } from './value-text.ts';

/** Instances of the evidence that are listed; the rest is counted. */
const evidenceShownMax = 200;

/** @param baseUrl of the web service; links lead below it */
export function reportHtml(report: Report, baseUrl: string): string {
  const page = new ReportPage(report, baseUrl);
  return pageOf({ title: report.title, body: page.body() });
}

class ReportPage {
  readonly #report: Report;
  readonly #baseUrl: string;
  readonly #index: ItemIndex;

  constructor(report: Report, baseUrl: string) {
    this.#report = report;
    this.#baseUrl = baseUrl;
    this.#index = indexOf(report.root);
  }

  body(): Markup {
    const { title, flags, facts, people, root, language } = this.#report;
    const lang = language === undefined ? undefined : markup` lang="${language}"`;
    return markup`<main>
<header>
<h1${lang} dir="auto">${title}</h1>
${flags.length === 0 ? undefined : markup`<ul class="flags" aria-label="Status">${flags.map(flagItem)}</ul>`}
<dl class="facts">
${facts.map(({ name, text }) => markup`<div><dt>${name}</dt><dd dir="auto">${text}</dd></div>\n`)}
${people.map(personItem)}</dl>
</header>
<article id="item-1"${lang}>
${this.#blocks(root.children, 2)}
</article>
<footer>
${this.#references('Predecessors', this.#report.predecessors)}
${this.#references('Identical documents', this.#report.identical)}
${this.#references('Evidence', this.#report.evidence)}
<p class="source">SOP Instance UID ${this.#report.sopInstanceUid}</p>
</footer>
</main>`;
  }

  /** Containers are sections; between them neighbouring measurements are a table, and other items a list of terms. */
  #blocks(items: readonly ContentItem[], level: number): readonly Markup[] {
    const blocks: Markup[] = [];
    for (const run of runsOf(items)) {
      const [first] = run;
      if (first === undefined) continue;
      const shape = shapeOf(first);
      if (shape === 'section') blocks.push(this.#section(first, level));
      else if (shape === 'row') blocks.push(this.#table(run, level));
      else blocks.push(markup`<dl class="items">\n${run.map((item) => this.#term(item, level))}</dl>\n`);
    }
    return blocks;
  }

  #section(item: ContentItem, level: number): Markup {
    const id = `item-${item.position}`;
    const title = markup`${nameOf(item) || `Section ${item.position}`}${relationMark(item)}${observedMark(item)}`;
    return markup`<section aria-labelledby="${id}">
${heading(title, { level, id })}
${this.#blocks(item.children, level + 1)}</section>
`;
  }

  #term(item: ContentItem, level: number): Markup {
    return markup`<div><dt id="item-${item.position}" dir="auto">${nameOf(item) || 'Value'}${relationMark(item)}</dt>
<dd>${this.#value(item)}${observedMark(item)}${this.#blocks(item.children, level)}</dd></div>
`;
  }

  #value({ value }: ContentItem): Markup {
    const text = valueText(value, this.#index);
    if (value.kind === 'reference' && value.reference !== undefined) return this.#link(value.reference);
    if (value.kind === 'by-reference') {
      return this.#index.has(value.target) ? markup`<a href="#item-${value.target}">${text}</a>` : markup`${text}`;
    }
    if (value.kind === 'uid') return markup`<span class="uid">${text}</span>`;
    return markup`<span class="value" dir="auto">${text}</span>`;
  }

  #link(reference: SopReference): Markup {
    const url = renderedUrl(reference, this.#report.places, this.#baseUrl);
    const text = referenceText(reference);
    const uid = markup` <span class="uid">${reference.sopInstanceUid}</span>`;
    return url === undefined ? markup`${text}${uid}` : markup`<a href="${url}">${text}</a>${uid}`;
  }

  #table(items: readonly ContentItem[], level: number): Markup {
    const rows = items.map((item) => this.#row(item, level));
    return markup`<table>
<caption>Measurements</caption>
<thead><tr><th scope="col">Name</th><th scope="col">Value</th><th scope="col">Unit</th><th scope="col">Notes</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
`;
  }

  #row(item: ContentItem, level: number): Markup {
    const { value } = item;
    if (value.kind !== 'number') return this.#term(item, level);
    return markup`<tr id="item-${item.position}"><th scope="row" dir="auto">${nameOf(item) || 'Value'}${relationMark(item)}</th>
<td class="number">${numberOf(value)}</td><td>${unitText(value)}</td>
<td>${noteOf(value)}${observedMark(item)}${this.#blocks(item.children, level)}</td></tr>
`;
  }

  #references(title: string, references: readonly SopReference[]): Markup | undefined {
    if (references.length === 0) return undefined;
    const shown = references.slice(0, evidenceShownMax);
    const more = references.length - shown.length;
    return markup`<section><h2>${title}</h2>
<ul class="references">
${shown.map((reference) => markup`<li>${this.#link(reference)}</li>\n`)}</ul>
${more > 0 ? markup`<p>and ${more} more</p>` : undefined}</section>`;
  }
}

type Shape = 'section' | 'row' | 'term';

function shapeOf({ value, children }: ContentItem): Shape {
  if (value.kind === 'container') return 'section';
  // A measurement that others are inferred from has no room in a cell.
  const isLeaf = children.every((child) => child.value.kind !== 'container' && child.value.kind !== 'number');
  return value.kind === 'number' && isLeaf ? 'row' : 'term';
}

/** Neighbours of the same shape; each section by itself. */
function runsOf(items: readonly ContentItem[]): readonly (readonly ContentItem[])[] {
  const runs: ContentItem[][] = [];
  let before: Shape | undefined;
  for (const item of items) {
    const shape = shapeOf(item);
    if (shape === before && shape !== 'section') runs.at(-1)?.push(item);
    else runs.push([item]);
    before = shape;
  }
  return runs;
}

function numberOf({ text, exact }: NumberValue): Markup {
  return text === undefined && exact === undefined ? markup`<em>no value</em>` : markup`${text ?? exact ?? ''}`;
}

function relationMark(item: ContentItem): Markup | undefined {
  const text = relationshipText(item);
  return text === '' ? undefined : markup` <small class="relation" lang="en">${text}</small>`;
}

function observedMark({ observedAt }: ContentItem): Markup | undefined {
  return observedAt === undefined ? undefined : markup` <small lang="en">observed ${dateTimeText(observedAt)}</small>`;
}

/** HTML has six levels, and reports may have more. */
function heading(content: Markup, { level, id }: { readonly level: number; readonly id: string }): Markup {
  switch (level) {
    case 2:
      return markup`<h2 id="${id}" dir="auto">${content}</h2>`;
    case 3:
      return markup`<h3 id="${id}" dir="auto">${content}</h3>`;
    case 4:
      return markup`<h4 id="${id}" dir="auto">${content}</h4>`;
    case 5:
      return markup`<h5 id="${id}" dir="auto">${content}</h5>`;
    case 6:
      return markup`<h6 id="${id}" dir="auto">${content}</h6>`;
    default:
      return markup`<p class="heading" role="heading" aria-level="${level}" id="${id}" dir="auto">${content}</p>`;
  }
}

/** What a reader must not overlook. */
const cautions: ReadonlySet<string> = new Set(['PARTIAL', 'UNVERIFIED', 'PRELIMINARY']);

function flagItem({ value, description }: Flag): Markup {
  const text = value.charAt(0) + value.slice(1).toLowerCase();
  const more = description === undefined ? undefined : markup`: ${description}`;
  return cautions.has(value) ? markup`<li class="caution">${text}${more}</li>` : markup`<li>${text}${more}</li>`;
}

function personItem({ role, name, organization, at }: Participant): Markup {
  const details = [organization, at].filter((part) => part !== undefined).join(', ');
  return markup`<div><dt>${role}</dt><dd dir="auto">${name}${details === '' ? '' : ` (${details})`}</dd></div>
`;
}
