/**
 * Wildcard matching, PS3.4 C.2.2.2.4. No regular expression is made of a peer's text: after a mismatch only the last `*` is
 * tried again, so that a hostile pattern costs at most its length times the text's.
 */

/** Does the whole text match the pattern: `*` any characters or none, `?` exactly one? Case counts. */
export function matchesWildcard(pattern: string, text: string): boolean {
  const wanted = Array.from(pattern);
  const given = Array.from(text);
  let at = 0;
  let index = 0;
  let starAt = -1;
  let retryAt = 0;
  while (index < given.length) {
    const character = wanted[at];
    if (character === '*') {
      starAt = at;
      retryAt = index;
      at += 1;
    } else if (character !== undefined && (character === '?' || character === given[index])) {
      at += 1;
      index += 1;
    } else if (starAt >= 0) {
      retryAt += 1;
      index = retryAt;
      at = starAt + 1;
    } else {
      return false;
    }
  }
  while (wanted[at] === '*') at += 1;
  return at === wanted.length;
}
