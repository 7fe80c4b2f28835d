/** The frame of all pages that are made of stored documents, and their one style sheet: light and dark, on screens and on paper. */
import { type Markup, markup, markupText } from './markup.ts';

/** The policy of the page names it by its SHA-256, so that it must be sent as it stands here. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #57606a; --paper: #ffffff; --line: #d0d7de; --band: #f6f8fa;
  --link: #0a4f9e; --caution: #8a3800; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --faint: #9da7b3; --paper: #0f1419; --line: #3a434d; --band: #182028; --link: #7db8ff; --caution: #ffb870; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 1.75rem 0 .5rem; padding-top: .5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.12rem; margin: 1.25rem 0 .4rem; }
h4, h5, h6, .heading { font-size: 1rem; font-weight: 600; margin: 1rem 0 .3rem; }
section section { padding-inline-start: 1rem; border-inline-start: 3px solid var(--line); }
dl { margin: .4rem 0; }
dl > div { display: grid; grid-template-columns: minmax(8rem, 16rem) 1fr; gap: .1rem 1rem; padding: .2rem 0; }
dt { color: var(--faint); }
dd { margin: 0; min-width: 0; }
dd dl, td dl { margin: .15rem 0 .3rem; padding-inline-start: .75rem; border-inline-start: 2px solid var(--line); }
dd dl > div, td dl > div { display: flex; flex-wrap: wrap; gap: 0 .75rem; padding: .1rem 0; }
dd dl > div > dd, td dl > div > dd { flex: 0 1 auto; }
.facts { background: var(--band); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .9rem; }
.value { white-space: pre-wrap; }
.paragraph { margin: .4rem 0; }
.uid { overflow-wrap: anywhere; color: var(--faint); font-family: ui-monospace, monospace; font-size: .85em; }
.relation { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; margin-inline-start: .25rem; font-weight: 400; }
small { color: var(--faint); font-size: .82em; }
a { color: var(--link); }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.flags { list-style: none; display: flex; flex-wrap: wrap; gap: .4rem; padding: 0; margin: 0 0 .8rem; }
.flags li { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .7rem; }
.flags .caution { border-color: var(--caution); color: var(--caution); font-weight: 600; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
caption { text-align: start; color: var(--faint); font-size: .9em; padding: .2rem 0; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: start; vertical-align: top; font-weight: 400; }
thead th { background: var(--band); color: var(--faint); }
.number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
.references { padding-inline-start: 1.2rem; }
.source { color: var(--faint); font-size: .85rem; margin-top: 2rem; }
@media (max-width: 40rem) { dl > div { grid-template-columns: 1fr; } }
@media print {
  :root { color-scheme: light; --ink: #000; --faint: #444; --paper: #fff; --line: #999; --band: #fff; --link: #000; --caution: #000; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  h1, h2, h3, h4, h5, h6, .heading { break-after: avoid; }
  tr, dl > div { break-inside: avoid; }
  thead { display: table-header-group; }
}
`;

/** @param facts.title for the window; nothing of the patient, since browsers remember it */
export function pageOf({ title, body }: { readonly title: string; readonly body: Markup }): string {
  const head = markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>`;
  const end = markup`</style>
</head>
<body>
${body}
</body>
</html>
`;
  return `${markupText(head)}${pageStyle}${markupText(end)}`;
}
