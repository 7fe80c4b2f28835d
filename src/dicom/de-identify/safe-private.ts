/**
 * Private attributes that PS3.15 table E.3.10-1 knows to be safe, under Retain Safe Private: numbers and codes only, which the
 * makers' own conformance statements describe. A short list on purpose; what is not here goes.
 */
import { elementOf, groupOf, type Tag } from '../tag.ts';

/** By private creator: group and the last two digits of the element. */
const safe: Readonly<Record<string, readonly number[]>> = {
  'Philips PET Private Group': [0x705300, 0x705309], // SUV and activity concentration factors
  ELSCINT1: [0x00e121, 0x01e126, 0x01e150, 0x01f101, 0x01f107, 0x01f126, 0x01f127], // DLP, phantom, times, pitch
  GEMS_ACQU_01: [0x001923, 0x001924, 0x001927, 0x00199e], // table and rotation speed, pulse sequence
  GEMS_SERS_01: [0x002507],
  GEMS_PARM_01: [0x004327, 0x00436f],
  GEMS_HELIOS_01: [0x004501, 0x004502],
  'Philips Imaging DD 001': [0x200103, 0x200104], // diffusion b-factor and direction
  'SIEMENS MR HEADER': [0x00190c, 0x00190d, 0x00190e, 0x001927], // b-value, directionality, gradient, b-matrix
};

export function isSafePrivateCreator(creator: string): boolean {
  return Object.hasOwn(safe, creator);
}

/** @param creator the text of the private creator that reserved the element's block, at its own level (PS3.5 7.8.1) */
export function isSafePrivate(tag: Tag, creator: string | undefined): boolean {
  if (creator === undefined || !isSafePrivateCreator(creator)) return false;
  return safe[creator]?.includes((groupOf(tag) << 8) | (elementOf(tag) & 0xff)) ?? false;
}
