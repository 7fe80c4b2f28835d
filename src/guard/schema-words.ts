/**
 * Mistakes that a schema found, in words for the person who made them: which field, what is wrong with it, what is expected. The
 * schema library's own texts are for programmers and name its types; ours, which are given with a check, are kept.
 */
import * as v from 'valibot';

/** More than these are no slips but another file. */
const mistakesToldMax = 10;
/** What a person recognises as what they typed; a longer text is told by its length, and so is a key in PEM. */
const shownCharactersMax = 60;

/** All mistakes on one line: `until: must be a day of the calendar, was "2026-02-30"; …`. */
export function schemaMistakes(issues: readonly v.BaseIssue<unknown>[], whole: string): string {
  // One for each place: what else is wrong there follows from the first.
  const byPlace = new Map<string, v.BaseIssue<unknown>>();
  for (const issue of issues) {
    const place = v.getDotPath(issue) ?? whole;
    if (!byPlace.has(place)) byPlace.set(place, issue);
  }
  const told = [...byPlace].slice(0, mistakesToldMax).map(([place, issue]) => `${place}: ${wordsOf(issue)}`);
  if (byPlace.size > told.length) told.push(`and ${byPlace.size - told.length} more`);
  return told.join('; ');
}

function wordsOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'is not known here, expected nothing';
  if (issue.received === 'undefined') return `is missing, expected ${expectedBy(issue)}`;
  // Of several forms that would do, the first that has words of ours says best what is meant.
  const ours = [issue, ...(issue.issues ?? [])].find(({ message }) => !message.startsWith('Invalid '));
  return `${ours?.message ?? `must be ${expectedBy(issue)}`}, was ${shown(issue.input)}`;
}

function expectedBy(issue: v.BaseIssue<unknown>): string {
  const { requirement } = issue;
  const number = typeof requirement === 'number' ? requirement : undefined;
  const units = Array.isArray(issue.input) ? 'entries' : 'characters';
  switch (issue.type) {
    case 'string':
      return 'text';
    case 'number':
    case 'integer':
    case 'safe_integer':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'min_value':
      return `at least ${number}`;
    case 'max_value':
      return `at most ${number}`;
    case 'min_length':
      return `at least ${number} ${units}`;
    case 'max_length':
      return `at most ${number} ${units}`;
    case 'picklist':
    case 'literal':
    case 'variant':
    case 'union':
      return choices(issue.expected);
    case 'strict_object':
    case 'object':
      return issue.expected === 'Object' ? 'named values' : 'a value';
    default:
      return 'a value of another form';
  }
}

/** The library writes `("a" | "b")`; of types it writes their names, which say nothing to a person. */
function choices(expected: string | null): string {
  const words = [...(expected ?? '').matchAll(/"([^"]*)"/g)].map(([, word]) => word);
  return words.length === 0 ? 'a value of another form' : `one of ${words.join(', ')}`;
}

function shown(input: unknown): string {
  switch (typeof input) {
    case 'string':
      if (input.length <= shownCharactersMax && !input.includes('-----')) return JSON.stringify(input);
      return `text of ${input.length} characters`;
    case 'number':
    case 'boolean':
      return String(input);
    case 'object':
      if (input === null) return 'nothing';
      return Array.isArray(input) ? `a list of ${input.length}` : 'named values';
    default:
      return 'nothing';
  }
}
