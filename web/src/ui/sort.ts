/** The order of rows by one column: numbers as numbers, texts as people sort them, what is absent last either way. */
export type SortValue = string | number | undefined;
export interface SortOrder {
  readonly key: string;
  readonly descending: boolean;
}

export function sorted<R>(
  rows: readonly R[],
  valueOf: (row: R) => SortValue,
  { descending, locale }: { readonly descending: boolean; readonly locale: string },
): readonly R[] {
  const collator = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
  const compare = (a: SortValue, b: SortValue): number => {
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
    return descending ? -order : order;
  };
  return rows.toSorted((a, b) => compare(valueOf(a), valueOf(b)));
}

/** A press on a heading: up, then down. */
export function nextOrder(before: SortOrder | undefined, key: string): SortOrder {
  return { key, descending: before?.key === key && !before.descending };
}
