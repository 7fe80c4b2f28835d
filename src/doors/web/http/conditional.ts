/**
 * Entity tags and the conditions that hang on them, RFC 9110 8.8.3 and 13. Only tags: we send no Last-Modified, so conditions
 * on dates have nothing to be held against and are ignored (13.1.3, 13.1.4).
 */

/** The tag of a representation whose bytes have this digest. @param variant what else the bytes depend on (media type, syntax) */
export function strongTag(sha256: Uint8Array, variant = ''): string {
  const safe = variant.replaceAll(/[^0-9A-Za-z.+/-]/g, '_');
  return `"${Buffer.from(sha256).toString('base64url')}${safe === '' ? '' : `.${safe}`}"`;
}

interface EntityTag {
  readonly opaque: string;
  readonly isWeak: boolean;
}

/** A list of tags, `*`, or undefined when the field is malformed: such a condition is not met by anything. */
function parseTags(field: string): readonly EntityTag[] | '*' | undefined {
  if (field.trim() === '*') return '*';
  const tags: EntityTag[] = [];
  // A comma may stand inside the quotes, so the list is read tag by tag.
  const pattern = /[ \t,]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|$)/y;
  while (pattern.lastIndex < field.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(field);
    if (match === null) return /^[ \t,]*$/.test(field.slice(at)) && tags.length > 0 ? tags : undefined;
    tags.push({ opaque: match[2] ?? '', isWeak: match[1] !== undefined });
  }
  return tags.length > 0 ? tags : undefined;
}

export interface ConditionFields {
  readonly method: string;
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

export type ConditionOutcome = 'proceed' | 'not-modified' | 'precondition-failed';

/**
 * What the conditions of a request come to (13.2.2).
 * @param tag of the representation that would be sent now; undefined: there is none
 */
export function evaluateConditions(fields: ConditionFields, tag: string | undefined): ConditionOutcome {
  const { method, ifMatch, ifNoneMatch } = fields;
  if (ifMatch !== undefined && !matchesAny(ifMatch, tag, 'strong')) return 'precondition-failed';
  if (ifNoneMatch !== undefined && matchesAny(ifNoneMatch, tag, 'weak')) {
    return method === 'GET' || method === 'HEAD' ? 'not-modified' : 'precondition-failed';
  }
  return 'proceed';
}

/** 13.1.5: is a Range still about the same bytes? A date is not, since we send none. */
export function rangeStillApplies(ifRange: string | undefined, tag: string): boolean {
  return ifRange === undefined || (ifRange.startsWith('"') && matchesAny(ifRange, tag, 'strong'));
}

/** 8.8.3.2 */
function matchesAny(field: string, tag: string | undefined, comparison: 'strong' | 'weak'): boolean {
  const tags = parseTags(field);
  if (tags === undefined || tag === undefined) return false;
  if (tags === '*') return true;
  const isWeak = tag.startsWith('W/');
  const opaque = isWeak ? tag.slice(2) : tag;
  return tags.some((asked) => asked.opaque === opaque && (comparison === 'weak' || (!asked.isWeak && !isWeak)));
}
