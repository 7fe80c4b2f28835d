/** A structured report as plain text: one line for each item, indented as deep as it stands in the tree. */
import { dateTimeText } from '../documents/values.ts';
import { type ContentItem, nameOf } from './content-item.ts';
import type { Report } from './report.ts';
import { indexOf, type ItemIndex, referenceText, relationshipText, valueText } from './value-text.ts';

export function reportText(report: Report): string {
  const { title, flags, facts, people, root, predecessors } = report;
  const index = indexOf(root);
  const status = flags.map(({ value, description }) => value.toLowerCase() + (description ? ` (${description})` : ''));
  const lines = [
    oneLine(title),
    '='.repeat(Math.min(oneLine(title).length, 80)),
    ...(status.length === 0 ? [] : [`Status: ${oneLine(status.join(', '))}`]),
    ...facts.map(({ name, text }) => `${name}: ${oneLine(text)}`),
    ...people.map(({ role, name, organization, at }) =>
      oneLine(`${role}: ${[name, organization, at].filter((part) => part !== undefined).join(', ')}`),
    ),
    ...predecessors.map((reference) => `Predecessor: ${referenceText(reference)} ${oneLine(reference.sopInstanceUid)}`),
    '',
    ...root.children.flatMap((item) => linesOf(item, index, '')),
  ];
  return `${lines.join('\n')}\n`;
}

function linesOf(item: ContentItem, index: ItemIndex, indent: string): readonly string[] {
  const relationship = relationshipText(item);
  const mark = relationship === '' ? '' : `[${relationship}] `;
  const name = nameOf(item) || (item.value.kind === 'container' ? `Section ${item.position}` : 'Value');
  const text = valueText(item.value, index);
  const uid = item.value.kind === 'reference' ? ` ${item.value.reference?.sopInstanceUid ?? ''}` : '';
  const observed = item.observedAt === undefined ? '' : ` (observed ${dateTimeText(item.observedAt)})`;
  const value = text === '' ? '' : `: ${text}`;
  const line = `${indent}${mark}${oneLine(name)}${manyLines(`${value}${uid}${observed}`, `${indent}  `)}`;
  return [line, ...item.children.flatMap((child) => linesOf(child, index, `${indent}  `))];
}

/** Terminals obey control characters, and a line break would forge an item. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\t]+/g, ' ').replaceAll(/\p{Cc}/gu, '\ufffd');
}

function manyLines(text: string, indent: string): string {
  return text
    .split(/\r\n?|\n/)
    .map(oneLine)
    .join(`\n${indent}| `);
}
