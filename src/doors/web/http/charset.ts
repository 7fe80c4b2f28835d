/**
 * The `charset` query parameter and Accept-Charset, PS3.18 8.3.3.2 and 8.8. We write UTF-8 only; this file finds out whether
 * a client that names character sets can live with that.
 */
import { LeadglassError } from '../../../error.ts';
import { parseParameters, splitOutsideQuotes, trimSpaces } from './field-syntax.ts';

/** By its IANA name and by the defined term of PS3.3 C.12.1.1.2. */
const ours: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'iso_ir 192']);

/**
 * The character set of the answer. An Accept-Charset without ours is ignored (8.8.1), a parameter without it is refused (8.3.3.2).
 * @param query the decoded value of the `charset` parameter
 * @throws LeadglassError BAD_REQUEST
 */
export function charsetFor(query: string | undefined): 'utf-8' {
  if (query === undefined) return 'utf-8';
  const isOurs = (splitOutsideQuotes(query, ',') ?? []).some((element) => {
    const [name = '', ...others] = splitOutsideQuotes(element, ';') ?? [];
    const weight = parseParameters(others)?.get('q');
    const bare = trimSpaces(name)
      .replace(/^"(.*)"$/, '$1')
      .toLowerCase();
    return ours.has(bare) && Number(weight ?? '1') > 0;
  });
  if (isOurs) return 'utf-8';
  throw new LeadglassError(
    'BAD_REQUEST',
    'Cannot answer in the character set of the charset parameter; ask for UTF-8',
    {
      field: 'charset',
    },
  );
}
