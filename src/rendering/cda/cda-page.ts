/** A CDA document as a page and as plain text. Of its own look, links and figures nothing is kept. */
import { type Markup, markup } from '../documents/markup.ts';
import { pageOf } from '../documents/page.ts';
import { narrativeHtml, narrativeText } from './narrative.ts';
import type { CdaDocument, CdaSection } from './read-cda.ts';

export function cdaHtml({ title, language, facts, sections, otherBody }: CdaDocument): string {
  const lang = language === undefined ? undefined : markup` lang="${language}"`;
  const body = markup`<main>
<header>
<h1${lang} dir="auto">${title}</h1>
<dl class="facts">
${facts.map(({ name, text }) => markup`<div><dt>${name}</dt><dd dir="auto">${text}</dd></div>\n`)}</dl>
</header>
<article${lang} dir="auto">
${sections.map((section) => sectionHtml(section, 2))}
</article>
${otherBody === undefined ? undefined : markup`<p>The body is a file of type ${otherBody}; it is in the document itself (text/xml).</p>`}
</main>`;
  return pageOf({ title, body });
}

function sectionHtml({ title, text, sections }: CdaSection, level: number): Markup {
  const heading =
    level === 2
      ? markup`<h2>${title}</h2>`
      : level === 3
        ? markup`<h3>${title}</h3>`
        : markup`<p class="heading" role="heading" aria-level="${level}">${title}</p>`;
  return markup`<section>
${title === '' ? undefined : heading}
${text === undefined ? undefined : markup`<div class="narrative">${narrativeHtml(text)}</div>`}
${sections.map((section) => sectionHtml(section, level + 1))}</section>
`;
}

export function cdaText({ title, facts, sections, otherBody }: CdaDocument): string {
  const lines = [
    title,
    '='.repeat(Math.min(title.length, 80)),
    ...facts.map(({ name, text }) => `${name}: ${text}`),
    ...sections.flatMap(sectionText),
    ...(otherBody === undefined ? [] : ['', `The body is a file of type ${otherBody}`]),
  ];
  return `${lines.map(withoutControls).join('\n')}\n`;
}

function sectionText({ title, text, sections }: CdaSection): readonly string[] {
  const heading = title === '' ? [] : ['', title, '-'.repeat(Math.min(title.length, 80))];
  return [...heading, ...(text === undefined ? [] : [narrativeText(text)]), ...sections.flatMap(sectionText)];
}

/** Terminals obey them. */
function withoutControls(line: string): string {
  return line.replaceAll(/[^\P{Cc}\n\t]/gu, '\ufffd');
}
