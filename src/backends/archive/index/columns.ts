/** Values of SQLite rows as what their columns are declared to hold (tables are STRICT). */
import type { SQLOutputValue } from 'node:sqlite';
import { LeadglassError } from '../../../error.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** @throws LeadglassError CORRUPT when it is no BLOB */
export function bytesIn(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw new LeadglassError('CORRUPT', `Cannot read the index: ${column} holds no bytes`);
}
