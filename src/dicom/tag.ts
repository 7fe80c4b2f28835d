/** Tags as one unsigned 32-bit number, group in the high half (PS3.5 7.1). */

/** A data element tag, for instance 0x00100020. */
export type Tag = number;

/** The tag of a group and an element number. */
export function tagOf(group: number, element: number): Tag {
  return ((group << 16) | element) >>> 0;
}

export function groupOf(tag: Tag): number {
  return tag >>> 16;
}

export function elementOf(tag: Tag): number {
  return tag & 0xffff;
}

/** Odd groups are private (PS3.5 7.8). */
export function isPrivate(tag: Tag): boolean {
  return (tag & 0x10000) !== 0;
}

/** For people: (0010,0020). */
export function formatTag(tag: Tag): string {
  const hex = tag.toString(16).padStart(8, '0').toUpperCase();
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}
