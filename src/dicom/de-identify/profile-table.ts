/** PS3.15 table E.1-1 as it is looked up: by tag, with the groups that repeat under their pattern. */
import { groupOf, type Tag } from '../tag.ts';
import { profileLines } from './confidentiality-profile.generated.ts';
import type { DeIdentifyOption } from './options.ts';

/**
 * X remove, Z empty, D dummy, U other UID; with a slash: whichever the attribute's type in the IOD allows. `X/Z/U*` is a sequence
 * whose UIDs are replaced.
 */
const basicActions = ['X', 'Z', 'D', 'U', 'X/Z', 'X/D', 'Z/D', 'X/Z/D', 'X/Z/U*'] as const;
export type BasicAction = (typeof basicActions)[number];

export interface ProfileRow {
  readonly basic: BasicAction;
  /** Options under which it stays as it is (K), and those under which it is cleaned (C). */
  readonly keptBy: ReadonlySet<DeIdentifyOption>;
  readonly cleanedBy: ReadonlySet<DeIdentifyOption>;
}

/** The words of the generated table. */
const words: Readonly<Record<string, Partial<Record<'keptBy' | 'cleanedBy', readonly DeIdentifyOption[]>>>> = {
  uid: { keptBy: ['retain-uids'] },
  dev: { keptBy: ['retain-device-identity'] },
  'dev:C': { cleanedBy: ['retain-device-identity'] },
  inst: { keptBy: ['retain-institution-identity'] },
  pat: { keptBy: ['retain-patient-characteristics'] },
  'pat:C': { cleanedBy: ['retain-patient-characteristics'] },
  dates: { keptBy: ['retain-full-dates'], cleanedBy: ['retain-modified-dates'] },
  desc: { cleanedBy: ['clean-descriptors'] },
  struct: { cleanedBy: ['clean-structured-content'] },
  graph: { cleanedBy: ['clean-graphics'] },
};

let table: ReadonlyMap<Tag, ProfileRow> | undefined;

/** The row of this attribute; undefined where the standard has none. Private attributes have their own rule (actions.ts). */
export function profileRow(tag: Tag): ProfileRow | undefined {
  table ??= load();
  return table.get(tag) ?? table.get(patternOf(tag));
}

/** (50xx,xxxx) stands under 50000000, (60xx,eeee) under 6000eeee. */
function patternOf(tag: Tag): Tag {
  const family = groupOf(tag) >>> 8;
  if (family === 0x50) return 0x50000000;
  return family === 0x60 ? (tag & 0xff00ffff) >>> 0 : tag;
}

function load(): ReadonlyMap<Tag, ProfileRow> {
  const rows = new Map<Tag, ProfileRow>();
  for (const line of profileLines.split('\n')) {
    if (line === '') continue;
    const [pattern = '', basic = '', options = ''] = line.split('\t');
    const named = options === '' ? [] : options.split(' ').map((word) => words[word] ?? {});
    rows.set(Number.parseInt(pattern.replaceAll('x', '0'), 16), {
      basic: basicAction(basic),
      keptBy: new Set(named.flatMap(({ keptBy = [] }) => keptBy)),
      cleanedBy: new Set(named.flatMap(({ cleanedBy = [] }) => cleanedBy)),
    });
  }
  return rows;
}

/** A word that is none of these would be a fault of the generated table; removing is safe whatever was meant. */
function basicAction(text: string): BasicAction {
  return basicActions.find((action) => action === text) ?? 'X';
}
