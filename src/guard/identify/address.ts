/**
 * Network addresses as one thing to compare: IPv4 and IPv6, IPv4-mapped IPv6 taken as the IPv4 that it is, and CIDR ranges
 * as exact bit prefixes. Names are never resolved: a name is not a proof of anything.
 */
import { isIPv4, isIPv6 } from 'node:net';

export interface Address {
  readonly family: 4 | 6;
  readonly bits: bigint;
}
export interface AddressRange {
  readonly family: 4 | 6;
  readonly prefixLength: number;
  readonly bits: bigint;
  /** One spelling for each range. */
  readonly text: string;
}

const familyBits = { 4: 32, 6: 128 } as const;
/** RFC 4291 2.5.5.2: ::ffff:0:0/96. */
const mappedPrefix = 0xffffn;

/** The address, or undefined when the text is none. A zone index (`fe80::1%eth0`) is dropped: it names our own interface. */
export function parseAddress(text: string): Address | undefined {
  const bare = text.split('%', 1)[0] ?? '';
  if (isIPv4(bare)) return { family: 4, bits: bitsOfIpv4(bare) };
  if (!isIPv6(bare)) return undefined;
  const bits = bitsOfIpv6(bare);
  if (bits >> 32n === mappedPrefix) return { family: 4, bits: bits & 0xffff_ffffn };
  return { family: 6, bits };
}

/** The range `address/length`, or one address alone; undefined when the text is none or has bits outside its prefix. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [addressText = '', lengthText, ...rest] = text.split('/');
  if (rest.length > 0 || addressText.includes('%')) return undefined;
  const address = parseAddress(addressText);
  if (address === undefined) return undefined;
  const width = familyBits[address.family];
  if (lengthText === undefined) return rangeOf(address, width);
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(lengthText)) return undefined;
  // A mapped range is written with the length of IPv6: ::ffff:10.0.0.0/104 is 10.0.0.0/8.
  const mapped = address.family === 4 && isIPv6(addressText);
  const prefixLength = Number(lengthText) - (mapped ? 96 : 0);
  if (prefixLength < 0 || prefixLength > width) return undefined;
  // Host bits in a network are a typing mistake more often than a wish; refusing them keeps ranges no wider than meant.
  if ((address.bits & hostMask(width, prefixLength)) !== 0n) return undefined;
  return rangeOf(address, prefixLength);
}

/** Is the address inside the range? Families never mix. */
function rangeHolds(range: AddressRange, address: Address): boolean {
  if (range.family !== address.family) return false;
  const hostBits = BigInt(familyBits[range.family] - range.prefixLength);
  return address.bits >> hostBits === range.bits >> hostBits;
}

/**
 * Does one of the ranges hold the address? An empty list holds every address that can be read: an opening that names no
 * addresses. A text that is not an address, or a range that cannot be read, is held by nothing.
 */
export function addressAllowed(ranges: readonly string[], addressText: string): boolean {
  const address = parseAddress(addressText);
  if (address === undefined) return false;
  if (ranges.length === 0) return true;
  return ranges.some((text) => {
    const range = parseAddressRange(text);
    return range !== undefined && rangeHolds(range, address);
  });
}

/** One spelling for each address, to count and to record by; text that is not an address stays as it is. */
export function addressKey(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? text : addressText(address.family, address.bits);
}

function rangeOf({ family, bits }: Address, prefixLength: number): AddressRange {
  return { family, prefixLength, bits, text: `${addressText(family, bits)}/${prefixLength}` };
}

function hostMask(width: number, prefixLength: number): bigint {
  return (1n << BigInt(width - prefixLength)) - 1n;
}

function bitsOfIpv4(text: string): bigint {
  return text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function bitsOfIpv6(text: string): bigint {
  // A dotted tail stands for the last two groups.
  const dotted = /^(.*:)([0-9.]+\.[0-9.]+)$/.exec(text);
  let whole = text;
  if (dotted !== null) {
    const tail = bitsOfIpv4(dotted[2] ?? '');
    whole = `${dotted[1]}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  }
  const [head = '', tail] = whole.split('::');
  const headGroups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - headGroups.length - tailGroups.length }, () => '0');
  return [...headGroups, ...zeros, ...tailGroups].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

function addressText(family: 4 | 6, bits: bigint): string {
  const groupBits = family === 4 ? 8n : 16n;
  const count = family === 4 ? 4 : 8;
  const groups = Array.from({ length: count }, (_, index) => {
    const shift = groupBits * BigInt(count - 1 - index);
    return (bits >> shift) & ((1n << groupBits) - 1n);
  });
  if (family === 4) return groups.join('.');
  // RFC 5952: the longest run of two or more zero groups is left out, the first of equals.
  const hex = groups.map((group) => group.toString(16)).join(':');
  const runs = [...hex.matchAll(/\b0(?::0)+\b/g)].toSorted((a, b) => b[0].length - a[0].length);
  const longest = runs[0];
  if (longest === undefined) return hex;
  const before = hex.slice(0, longest.index).replace(/:$/, '');
  const after = hex.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}
