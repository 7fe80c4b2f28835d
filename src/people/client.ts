/** What a browser at the door showed of itself: for counting failures, for showing to its owner, never as a proof. */
import { isIPv6 } from 'node:net';

export interface Client {
  readonly address: string;
  readonly userAgent: string;
  /** The secret that a browser got at an earlier sign-in, as its cookie says. */
  readonly browser?: string;
  /** Name of the enrolled workstation at which it stands, proven by the certificate of its connection. */
  readonly workstation?: string;
}

/** Bounded and without characters that reorder what a person reads in a list. */
export function shownUserAgent(text: string, { userAgentCharactersMax }: { userAgentCharactersMax: number }): string {
  return text
    .slice(0, userAgentCharactersMax)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu, ' ');
}

/**
 * The network whose failures are counted together: an IPv4 address, or the /64 that one household or ward has in IPv6, since whoever
 * has one has all its addresses.
 */
export function networkOf(address: string): string {
  const bare = address.split('%', 1)[0] ?? '';
  if (!isIPv6(bare)) return bare.slice(0, 64);
  const mapped = /^::ffff:([0-9.]+)$/i.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = bare.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
