/** Parsers of option values that several commands share; each throws commander's error with a clear text. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

/** For repeatable options. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
}

/** `10.1.2.3:2762`, `[::1]:2762`, `pacs.example:2762`. */
export function hostAndPort(value: string): { readonly host: string; readonly port: number } {
  const found = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(value);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new InvalidArgumentError('It must be HOST:PORT, for instance localhost:2762 or [::1]:2762.');
  }
  return { host, port };
}

/** `WS2=10.1.2.3:2762`. */
export function moveDestination(
  value: string,
  before: readonly { aeTitle: string; host: string; port: number }[] = [],
): readonly { aeTitle: string; host: string; port: number }[] {
  const cut = value.indexOf('=');
  if (cut < 1) throw new InvalidArgumentError('It must be AET=HOST:PORT, for instance WS2=10.1.2.3:2762.');
  return [...before, { aeTitle: value.slice(0, cut), ...hostAndPort(value.slice(cut + 1)) }];
}

export function isoDay(value: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) throw new InvalidArgumentError('It must be a date such as 2027-06-30.');
  return value;
}

/** Options of commands that print data. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON');
}
