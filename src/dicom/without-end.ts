/**
 * The text without these characters at its end. A pattern such as `/=+$/` looks at each run from each of its characters,
 * which costs minutes for a megabyte of them.
 */
export function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
