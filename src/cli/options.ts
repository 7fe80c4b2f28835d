/** Parsers of option values that several commands share; each says clearly what is wrong. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { LeadglassError } from '../error.ts';

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
    // Not commander's error: the client commands read their argument late, when commander prints nothing any more.
    throw new LeadglassError('BAD_REQUEST', `${value} is no HOST:PORT, for instance localhost:2762 or [::1]:2762`);
  }
  return { host, port };
}

export interface MoveDestinationOption {
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the certificate, 64 small hex digits. */
  readonly trust?: string;
}

/** `WS2=10.1.2.3:2762`, or with the fingerprint of its certificate behind another `=`, as `openssl x509` prints it or bare. */
export function moveDestination(
  value: string,
  before: readonly MoveDestinationOption[] = [],
): readonly MoveDestinationOption[] {
  const [aeTitle = '', place, fingerprint, ...more] = value.split('=');
  if (aeTitle === '' || place === undefined || more.length > 0) {
    throw new InvalidArgumentError('It must be AET=HOST:PORT or AET=HOST:PORT=SHA256, for instance WS2=10.1.2.3:2762.');
  }
  const destination = { aeTitle, ...hostAndPort(place) };
  if (fingerprint === undefined) return [...before, destination];
  const trust = fingerprint.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(trust)) {
    throw new InvalidArgumentError('The SHA-256 of the certificate must be 64 hex digits, with or without colons.');
  }
  return [...before, { ...destination, trust }];
}

export function isoDay(value: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) throw new InvalidArgumentError('It must be a date such as 2027-06-30.');
  return value;
}

/** The end of a help text. */
export function examples(...lines: readonly string[]): string {
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** Options of commands that print data. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON');
}
