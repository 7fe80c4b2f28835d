/**
 * The first segments of the console's own addresses. The console finds its page by them, and the door answers them all with the
 * same page; a leaf without imports, since both sides read it.
 */
export const consoleSections = [
  'sign-in',
  'enrol',
  'studies',
  'devices',
  'openings',
  'emergency',
  'people',
  'ledger',
  'account',
  'settings',
  'authorize',
] as const;
export type ConsoleSection = (typeof consoleSections)[number];

/** A section and what is below it, whatever that is called. */
export function isConsolePath(path: string): boolean {
  if (path === '/') return true;
  const [, section, ...rest] = path.split('/');
  return consoleSections.some((known) => known === section) && rest.length <= 4;
}
