/**
 * The narrative of a CDA section (HL7 CDA R2 4.3.5) as HTML and as text: what is on the list becomes an element of ours without
 * any attribute of the document but spans of cells; of everything else only the text is left.
 */
import { type Markup, markup } from '../documents/markup.ts';
import { attributeOf } from './nodes.ts';
import type { XmlNode } from './xml-tree.ts';

export function narrativeHtml(node: XmlNode): readonly Markup[] {
  return node.children.map((child) => (typeof child === 'string' ? markup`${child}` : element(child)));
}

/** Each child is made once, whatever it is in: twice would be without end for lists in lists. */
function element(node: XmlNode): Markup {
  switch (node.name) {
    case 'list':
      return attributeOf(node, 'listType') === 'ordered'
        ? markup`<ol>${items(node)}</ol>\n`
        : markup`<ul>${items(node)}</ul>\n`;
    case 'table':
      return markup`<table>${captionOf(node)}${tableParts(node)}</table>\n`;
    case 'br':
      return markup`<br>`;
    default:
      return aroundAll(node);
  }
}

/** Elements that have all of their children inside. */
function aroundAll(node: XmlNode): Markup {
  const inside = narrativeHtml(node);
  switch (node.name) {
    case 'paragraph':
      return markup`<div class="paragraph">${inside}</div>\n`;
    case 'content':
      return styled(inside, attributeOf(node, 'styleCode'));
    case 'sub':
      return markup`<sub>${inside}</sub>`;
    case 'sup':
      return markup`<sup>${inside}</sup>`;
    case 'caption':
      return markup`<div class="heading">${inside}</div>\n`;
    case 'footnote':
      return markup`<small>[${inside}]</small>`;
    case 'renderMultiMedia':
      return markup`<em>[figure]</em> ${inside}`;
    default:
      return markup`${inside}`;
  }
}

/** Style codes say how something looks on paper; these are the ones with a meaning. */
function styled(inside: readonly Markup[], styleCode: string): Markup {
  const codes = styleCode.split(/\s+/);
  if (codes.includes('Bold')) return markup`<strong>${inside}</strong>`;
  return codes.includes('Italics') ? markup`<em>${inside}</em>` : markup`<span>${inside}</span>`;
}

function elementsOf({ children }: XmlNode): readonly XmlNode[] {
  return children.filter((child) => typeof child !== 'string');
}

function items(node: XmlNode): readonly Markup[] {
  return elementsOf(node).map((child) => markup`<li>${narrativeHtml(child)}</li>\n`);
}

/** Only the first child may be one in HTML. */
function captionOf(node: XmlNode): Markup | undefined {
  const caption = elementsOf(node).find(({ name }) => name === 'caption');
  return caption === undefined ? undefined : markup`<caption>${narrativeHtml(caption)}</caption>\n`;
}

function tableParts(node: XmlNode): readonly Markup[] {
  return elementsOf(node).map((child) => {
    switch (child.name) {
      case 'thead':
        return markup`<thead>${tableParts(child)}</thead>\n`;
      case 'tbody':
        return markup`<tbody>${tableParts(child)}</tbody>\n`;
      case 'tfoot':
        return markup`<tfoot>${tableParts(child)}</tfoot>\n`;
      case 'tr':
        return markup`<tr>${cells(child)}</tr>\n`;
      default:
        return markup``;
    }
  });
}

function cells(row: XmlNode): readonly Markup[] {
  return elementsOf(row).map((cell) => {
    const spans = markup`${span(cell, 'colspan')}${span(cell, 'rowspan')}`;
    return cell.name === 'th'
      ? markup`<th${spans}>${narrativeHtml(cell)}</th>`
      : markup`<td${spans}>${narrativeHtml(cell)}</td>`;
  });
}

/** @param name is ours */
function span(cell: XmlNode, name: 'colspan' | 'rowspan'): Markup | undefined {
  const text = attributeOf(cell, name);
  if (!/^[1-9]\d{0,2}$/.test(text)) return undefined;
  return name === 'colspan' ? markup` colspan="${text}"` : markup` rowspan="${text}"`;
}

/** Lines; cells of a row are apart by tabs. */
export function narrativeText(node: XmlNode): string {
  const lines = plain(node)
    .split('\n')
    .map((line) => line.replaceAll(/[^\S\t]+/g, ' ').trim())
    .filter((line) => line !== '');
  return lines.join('\n');
}

const ownLines: ReadonlySet<string> = new Set(['paragraph', 'list', 'item', 'table', 'tr', 'caption', 'br']);

function plain(node: XmlNode): string {
  const inside = node.children
    .map((child) => (typeof child === 'string' ? child.replaceAll(/\s+/g, ' ') : plain(child)))
    .join('');
  if (node.name === 'td' || node.name === 'th') return `${inside}\t`;
  const marked = node.name === 'item' ? `- ${inside}` : inside;
  return ownLines.has(node.name) ? `\n${marked}\n` : marked;
}
