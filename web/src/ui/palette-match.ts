/** What the command palette finds: every typed word must begin a word of the entry, or stand within one; beginnings first. */
export interface Findable {
  readonly title: string;
  readonly aside?: string;
}

export function matches<F extends Findable>(entries: readonly F[], text: string): readonly F[] {
  const words = fold(text).split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  return entries
    .map((entry) => ({ entry, rank: rankOf(entry, words) }))
    .filter(({ rank }) => rank > 0)
    .toSorted((a, b) => b.rank - a.rank)
    .map(({ entry }) => entry);
}

/** 3: the title begins so; 2: a word does; 1: it is within; 0: no. The weakest word decides. */
function rankOf({ title, aside = '' }: Findable, words: readonly string[]): number {
  const head = fold(title);
  const all = `${head} ${fold(aside)}`;
  const ranks = words.map((word) => {
    if (head.startsWith(word)) return 3;
    if (all.split(/[\s\-_.@^]+/).some((part) => part.startsWith(word))) return 2;
    return all.includes(word) ? 1 : 0;
  });
  return Math.min(...ranks);
}

/** Without case and accents. */
function fold(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}
