/** Keys of a query that come as text (QIDO parameters, the command line) put into an identifier as C-FIND would send it. */
import { LeadglassError } from '../error.ts';
import { type AttributePath, lastTag } from './attribute-path.ts';
import { DataSet } from './data-set.ts';
import { vrOf } from './dictionary/dictionary.ts';
import { formatTag, type Tag } from './tag.ts';
import { isMultiValuedText, type Vr } from './vr.ts';

export interface TextKey {
  readonly path: AttributePath;
  /** None: the attribute is only asked for (universal matching, PS3.4 C.2.2.2.3). */
  readonly values: readonly string[];
}

const integerVrs: ReadonlySet<Vr> = new Set(['SL', 'SS', 'SV', 'UL', 'US', 'UV']);
const floatVrs: ReadonlySet<Vr> = new Set(['FD', 'FL']);

/** Can a value of this attribute be matched at all? Not of bulk data, and not of what no dictionary knows. */
export function isMatchable(tag: Tag): boolean {
  const vr = vrOf(tag);
  return isText(vr) || integerVrs.has(vr) || floatVrs.has(vr) || vr === 'AT';
}

/**
 * Adds the key; items of sequences are shared by all keys that go through them (PS3.4 C.2.2.2.6: one item).
 * Values of attributes that cannot be matched are left out. Text beyond ASCII is written in the identifier's character set,
 * which the caller sets first.
 * @throws LeadglassError BAD_REQUEST for a value that is no number where one is needed; UNSUPPORTED
 */
export function setTextKey(identifier: DataSet, { path, values }: TextKey): void {
  let dataSet = identifier;
  for (const sequence of path.slice(0, -1)) dataSet = itemOf(dataSet, sequence);
  const tag = lastTag(path);
  const vr = vrOf(tag);
  if (vr === 'SQ') itemOf(dataSet, tag);
  else if (isText(vr)) dataSet.setText(tag, vr, values);
  else if (!isMatchable(tag) || values.length === 0) dataSet.setBytes(tag, vr, new Uint8Array(0));
  else
    dataSet.setNumber(
      tag,
      vr,
      values.map((value) => numberOf(value, tag, vr)),
    );
}

/** An empty item asks for everything in its sequence. */
function itemOf(dataSet: DataSet, sequence: Tag): DataSet {
  const [found] = dataSet.items(sequence);
  if (found !== undefined) return found;
  const item = new DataSet();
  // First in its place, so that it inherits the character set.
  dataSet.setItems(sequence, [item]);
  return item;
}

function isText(vr: Vr): boolean {
  return isMultiValuedText(vr) || vr === 'LT' || vr === 'ST' || vr === 'UR' || vr === 'UT';
}

function numberOf(text: string, tag: Tag, vr: Vr): number {
  const forms = { AT: /^[0-9A-Fa-f]{8}$/, float: /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/, integer: /^[+-]?\d{1,16}$/ };
  const form = vr === 'AT' ? 'AT' : floatVrs.has(vr) ? 'float' : 'integer';
  if (forms[form].test(text)) return form === 'AT' ? Number.parseInt(text, 16) : Number(text);
  throw new LeadglassError('BAD_REQUEST', `Cannot match ${formatTag(tag)}: its value is no ${vr}`, {
    field: formatTag(tag),
  });
}
