/** A row of `guard.sqlite`, or a value of one, as anything from outside: an edited database opens nothing and registers nothing. */
import type { SQLOutputValue } from 'node:sqlite';
import * as v from 'valibot';
import { LeadglassError } from '../error.ts';

export type Row = Record<string, SQLOutputValue>;

/**
 * @param what it is in words, for whoever reads the error
 * @throws LeadglassError CORRUPT
 */
export function parsedRow<S extends v.GenericSchema>(schema: S, value: unknown, what: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new LeadglassError('CORRUPT', `Cannot read the policy: ${what} is not what it should be`, {
    detail: result.issues.map((issue) => `${v.getDotPath(issue) ?? ''} ${issue.message}`).join('; '),
  });
}
