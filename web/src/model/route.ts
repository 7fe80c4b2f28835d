/** Addresses of the console and back. Pure: the browser's history is in navigation.ts. No address ever holds patient data. */
import { consoleSections, type ConsoleSection } from '../../../src/doors/console/console-sections.ts';

export interface Route {
  /** Empty: the start page. */
  readonly section: ConsoleSection | '';
  /** What follows it, decoded. */
  readonly rest: readonly string[];
}

/** Undefined: no such page. */
export function parseRoute(path: string): Route | undefined {
  const [, section = '', ...rest] = path.replace(/(?<=.)\/$/, '').split('/');
  if (section === '') return rest.length === 0 ? { section: '', rest: [] } : undefined;
  const known = consoleSections.find((name) => name === section);
  if (known === undefined) return undefined;
  try {
    return { section: known, rest: rest.map((part) => decodeURIComponent(part)) };
  } catch {
    return undefined;
  }
}

export function pathOf(section: ConsoleSection | '', ...rest: readonly string[]): string {
  return `/${[section, ...rest.map((part) => encodeURIComponent(part))].join('/')}`;
}
