/** The content of a structured report (PS3.3 C.17.3) as typed items, in the order of the tree. Made by read-report.ts. */
import type { SopReference } from './references.ts';

/** A coded entry (PS3.3 8.8). */
export interface Code {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

export interface ContentItem {
  /** From 1, as references by position count: `1` is the root, `1.2` its second child (C.17.3.2.5). */
  readonly position: string;
  readonly relationship?: string;
  readonly name?: Code;
  readonly value: ItemValue;
  /** As written (DT). */
  readonly observedAt?: string;
  readonly children: readonly ContentItem[];
}

export type ItemValue =
  | { readonly kind: 'container'; readonly isContinuous: boolean; readonly template?: string }
  | { readonly kind: 'text'; readonly text: string }
  | NumberValue
  | { readonly kind: 'code'; readonly code?: Code }
  | { readonly kind: 'date' | 'time' | 'datetime' | 'name' | 'uid'; readonly text: string }
  | { readonly kind: 'reference'; readonly type: string; readonly reference?: SopReference }
  | RegionValue
  | TimesValue
  /** Another item of the same document, by position. */
  | { readonly kind: 'by-reference'; readonly target: string }
  /** A value type that is not known here. */
  | { readonly kind: 'unknown'; readonly type: string };

export interface NumberValue {
  readonly kind: 'number';
  /** As written (DS). */
  readonly text?: string;
  readonly unit?: Code;
  /** More exact than the text, where it is there (C.18.1). */
  readonly exact?: string;
  /** Why there is no number, or what is with it. */
  readonly qualifier?: Code;
}

export interface RegionValue {
  readonly kind: 'region';
  readonly type: 'SCOORD' | 'SCOORD3D';
  readonly shape: string;
  /** Of two or three coordinates. */
  readonly points: number;
  /** The first coordinates. */
  readonly first: readonly number[];
  readonly dimensions: 2 | 3;
  readonly frameOfReferenceUid?: string;
}

export interface TimesValue {
  readonly kind: 'times';
  readonly range: string;
  readonly unit: 'sample' | 'second' | 'moment';
  readonly count: number;
  /** The first ones. */
  readonly first: readonly string[];
}

export function nameOf({ name }: ContentItem): string {
  return name === undefined ? '' : codeText(name);
}

/** The meaning is for people; without one the code itself is shown. */
export function codeText({ meaning, value, scheme }: Code): string {
  return meaning === '' ? `${value} (${scheme})` : meaning;
}
