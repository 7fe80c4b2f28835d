/** Steps through the tree of an XML document. */
import type { XmlNode } from './xml-tree.ts';

export function childrenOf(node: XmlNode | undefined, name: string): readonly XmlNode[] {
  return (node?.children ?? []).filter((child) => typeof child !== 'string').filter((child) => child.name === name);
}

/** The first one down this path of names. */
export function at(node: XmlNode | undefined, ...path: readonly string[]): XmlNode | undefined {
  let current = node;
  for (const name of path) current = childrenOf(current, name)[0];
  return current;
}

/** All text below, in order. The depth is bounded by the reader of the tree. */
export function textOf(node: XmlNode | undefined): string {
  return (node?.children ?? []).map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}

/** As a line. */
export function lineOf(node: XmlNode | undefined): string {
  return textOf(node).replaceAll(/\s+/g, ' ').trim();
}

export function attributeOf(node: XmlNode | undefined, name: string): string {
  return node?.attributes.get(name) ?? '';
}
