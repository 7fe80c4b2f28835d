/**
 * Wildcard matching, PS3.4 C.2.2.2.4. No regular expression is made of a peer's text: what stands between two `*` is looked for
 * once, leftmost, so that a hostile pattern costs at most its length times the text's, and mostly their sum.
 */

/** Does the whole text match the pattern: `*` any characters or none, `?` exactly one? Case counts. */
export function matchesWildcard(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const start = endOfMatch(first, text, 0);
  if (start === undefined) return false;
  const last = others.pop();
  if (last === undefined) return start === text.length;
  let at = start;
  for (const piece of others) {
    const found = endOfFirst(piece, text, at);
    if (found === undefined) return false;
    at = found;
  }
  return endsWithPiece(last, text, at);
}

const questionMark = 0x3f;

/** Where the piece, which holds no `*`, ends when it begins exactly here; undefined when it does not match. */
function endOfMatch(piece: string, text: string, at: number): number | undefined {
  let end = at;
  for (let index = 0; index < piece.length; index += 1) {
    const wanted = piece.charCodeAt(index);
    if (end >= text.length) return undefined;
    if (wanted === questionMark) end = nextAt(text, end);
    else if (text.charCodeAt(end) === wanted) end += 1;
    else return undefined;
  }
  return end;
}

/** Where the first occurrence of the piece from here on ends. */
function endOfFirst(piece: string, text: string, from: number): number | undefined {
  if (!piece.includes('?')) {
    const found = text.indexOf(piece, from);
    return found === -1 ? undefined : found + piece.length;
  }
  for (let at = from; at <= text.length; at = nextAt(text, at)) {
    const end = endOfMatch(piece, text, at);
    if (end !== undefined) return end;
  }
  return undefined;
}

/** Does the text, from here on, end with the piece? */
function endsWithPiece(piece: string, text: string, from: number): boolean {
  let at = text.length;
  for (const _ of piece) at = at >= 2 && (text.codePointAt(at - 2) ?? 0) > 0xffff ? at - 2 : at - 1;
  return at >= from && endOfMatch(piece, text, at) === text.length;
}

function nextAt(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}
