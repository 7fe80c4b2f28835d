/**
 * HTML, XML and SVG that hold texts of others: whatever is put into a template is escaped, unless it was made by a template
 * itself. So no caller can forget it, and there is no other way to make markup.
 */
import { escapeXml } from '../../dicom/xml-text.ts';

const made: unique symbol = Symbol('made by a template');

/** Well-formed by itself. */
export interface Markup {
  readonly [made]: string;
}

export type MarkupValue = string | number | Markup | undefined | readonly MarkupValue[];

/** Texts become text or the inside of a quoted attribute; lists are joined; undefined is nothing. */
export function markup(strings: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  let text = strings[0] ?? '';
  for (const [index, value] of values.entries()) text += written(value) + (strings[index + 1] ?? '');
  return { [made]: text };
}

export function markupText(value: Markup): string {
  return value[made];
}

function written(value: MarkupValue): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return escapeXml(value);
  if (typeof value === 'number') return String(value);
  return isList(value) ? value.map(written).join('') : value[made];
}

function isList(value: Markup | readonly MarkupValue[]): value is readonly MarkupValue[] {
  return Array.isArray(value);
}
