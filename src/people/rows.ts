/** Columns of rows as typed values; an edited database makes an error and never an account. */
import { LeadglassError } from '../error.ts';
import type { Row } from './people-database.ts';

function wrong(column: string): LeadglassError {
  return new LeadglassError('CORRUPT', 'Cannot read the accounts: a row is not what it should be', { detail: column });
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw wrong(column);
  return value;
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrong(column);
  return value;
}

export function optionalInteger(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : integer(row, column);
}

export function optionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : text(row, column);
}

export function bytes(row: Row, column: string): Buffer {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw wrong(column);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

export function oneOf<const T extends string>(row: Row, column: string, choices: readonly T[]): T {
  const value = text(row, column);
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw wrong(column);
  return found;
}
