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
  'people',
  'ledger',
  'account',
  'settings',
] as const;
export type ConsoleSection = (typeof consoleSections)[number];

/** A section and what is below it. The last segment has letters behind no dot: `/studies/x.js` is a file, `1.2.840` is a UID. */
export function isConsolePath(path: string): boolean {
  if (path === '/') return true;
  const [, section, ...rest] = path.split('/');
  return consoleSections.some((known) => known === section) && rest.length <= 4 && !/\.[a-z]+$/i.test(path);
}
