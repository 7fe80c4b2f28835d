/** Values of query parameters that are numbers or keywords, PS3.18 5.1.1, for the parameters of rendering and of the URI service. */
import { LeadglassError } from '../../../error.ts';

/** An optional sign, digits, optional decimals; no exponent. */
export function decimalOf(text: string, name: string): number {
  if (/^[+-]?\d{1,12}(?:\.\d{1,12})?$/.test(text)) return Number(text);
  throw invalid(name, 'must hold decimal numbers');
}

export function positiveOf(text: string, name: string, most: number): number {
  if (/^[1-9]\d{0,9}$/.test(text) && Number(text) <= most) return Number(text);
  throw invalid(name, `must hold integers from 1 to ${most}`);
}

export function oneOf<T extends string>(text: string, name: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw invalid(name, `must be ${words.join(' or ')}`);
}

/** 8.3: a supported parameter with an invalid value is a bad request. */
export function invalid(name: string, why: string): LeadglassError {
  return new LeadglassError('BAD_REQUEST', `Cannot answer: ${name} ${why}`, { field: name });
}
