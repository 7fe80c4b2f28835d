/**
 * The data dictionary, PS3.6: what the standard says of a tag or a keyword. It is read out of a generated table at the
 * first question, so that a start that asks nothing costs nothing. What a SOP class demands of an attribute is not here.
 */
import { LeadglassError } from '../../error.ts';
import { elementOf, isPrivate, type Tag } from '../tag.ts';
import { isVr, type Vr } from '../vr.ts';
import { attributeLines } from './attributes.generated.js';

export { Tags } from './tags.generated.ts';

/** One row of PS3.6 chapters 6 to 9. */
export interface AttributeEntry {
  readonly tag: Tag;
  /** Empty for the few tags that the standard retired without leaving a keyword. */
  readonly keyword: string;
  readonly name: string;
  /** The first of the choice, as the standard prints it ("OB or OW" is OB); see `vrOf` for implicit encodings. */
  readonly vr: Vr;
  readonly vrs: readonly Vr[];
  /** Value multiplicity as printed: `1`, `1-n`, `2-2n`. */
  readonly vm: string;
  readonly retired: boolean;
}

/** Attributes that share one mask: a tag belongs to them when it is equal under the mask. */
interface RepeatingAttributes {
  readonly mask: number;
  readonly byMaskedTag: Map<Tag, AttributeEntry>;
}

interface Dictionary {
  readonly byTag: ReadonlyMap<Tag, AttributeEntry>;
  readonly byKeyword: ReadonlyMap<string, AttributeEntry>;
  readonly repeating: readonly RepeatingAttributes[];
}

let dictionary: Dictionary | undefined;

/** The attribute of this tag, or undefined. Repeating groups such as (60xx,3000) answer with the tag that was asked. */
export function attributeByTag(tag: Tag): AttributeEntry | undefined {
  const { byTag, repeating } = loaded();
  const entry = byTag.get(tag);
  if (entry !== undefined || isPrivate(tag)) return entry;
  for (const { mask, byMaskedTag } of repeating) {
    const repeated = byMaskedTag.get((tag & mask) >>> 0);
    if (repeated !== undefined) return { ...repeated, tag };
  }
  return undefined;
}

/** The attribute of this keyword, or undefined; one of a repeating group answers with its first tag. */
export function attributeByKeyword(keyword: string): AttributeEntry | undefined {
  return keyword === '' ? undefined : loaded().byKeyword.get(keyword);
}

/**
 * The value representation that an implicit encoding means, PS3.5 A.1: OW where the standard lets choose between OW and
 * something else (its words are swapped like those of US and SS, and its length has no 64 KiB bound), else the first of
 * the choice. Private creators are LO and other private elements UN (PS3.5 7.8.1), group lengths UL (7.2), and what the
 * dictionary does not know is UN.
 */
export function vrOf(tag: Tag): Vr {
  const element = elementOf(tag);
  if (element === 0) return 'UL';
  if (isPrivate(tag)) return element >= 0x10 && element <= 0xff ? 'LO' : 'UN';
  const entry = attributeByTag(tag);
  if (entry === undefined) return 'UN';
  return entry.vrs.includes('OW') ? 'OW' : entry.vr;
}

function loaded(): Dictionary {
  dictionary ??= load();
  return dictionary;
}

function load(): Dictionary {
  const byTag = new Map<Tag, AttributeEntry>();
  const byKeyword = new Map<string, AttributeEntry>();
  const repeating = new Map<number, RepeatingAttributes>();
  for (const line of attributeLines.split('\n')) {
    if (line === '') continue;
    const [pattern = '', keyword = '', name = '', choice = '', vm = '', retired] = line.split('\t');
    const vrs = vrChoice(choice);
    const entry = {
      tag: Number.parseInt(pattern.replaceAll('x', '0'), 16),
      keyword,
      name,
      vr: vrs[0],
      vrs,
      vm,
      retired: retired === 'R',
    };
    if (pattern.includes('x')) {
      const mask = Number.parseInt(pattern.replaceAll(/[^x]/g, 'f').replaceAll('x', '0'), 16);
      const group = repeating.get(mask) ?? { mask, byMaskedTag: new Map<Tag, AttributeEntry>() };
      group.byMaskedTag.set(entry.tag, entry);
      repeating.set(mask, group);
    } else {
      byTag.set(entry.tag, entry);
    }
    if (keyword !== '') byKeyword.set(keyword, entry);
  }
  return { byTag, byKeyword, repeating: [...repeating.values()] };
}

/** Few choices stand behind thousands of rows, so rows share them. */
const choices = new Map<string, readonly [Vr, ...Vr[]]>();

function vrChoice(text: string): readonly [Vr, ...Vr[]] {
  const seen = choices.get(text);
  if (seen !== undefined) return seen;
  const [first, ...others] = text.split('/').map((vr) => {
    if (isVr(vr)) return vr;
    throw new LeadglassError('INTERNAL', 'Internal error; the log has the details', {
      detail: `the generated dictionary holds the value representation ${vr}`,
    });
  });
  if (first === undefined) throw new LeadglassError('INTERNAL', 'Internal error; the generated dictionary is damaged');
  const choice = [first, ...others] as const;
  choices.set(text, choice);
  return choice;
}
