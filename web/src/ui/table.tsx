/**
 * Tables: sortable, the head stays in view, rows lead to their page, arrows go from row to row; on a phone each row becomes a
 * card. Long ones are shown in pieces.
 */
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { language, t, tn } from '../i18n/i18n.ts';
import { Button } from './button.tsx';
import { Icon } from './icons.tsx';
import { nextOrder, sorted, type SortOrder, type SortValue } from './sort.ts';

export interface Column<R> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: R) => ComponentChildren;
  readonly sortBy?: (row: R) => SortValue;
  readonly end?: boolean;
  /** 2 and 3 leave first where it is narrow, but not on a phone, where each row has a card. */
  readonly priority?: 2 | 3;
}

export interface TableProps<R> {
  /** Says what the table holds, for readers. */
  readonly caption: string;
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  readonly rowKey: (row: R) => string;
  /** Where a row leads; the first column carries the link. */
  readonly href?: (row: R) => string;
  readonly tone?: (row: R) => 'flagged' | 'bad' | undefined;
  readonly order?: SortOrder;
  readonly empty: ComponentChildren;
  /** Below the last row, in place of the count. */
  readonly foot?: ComponentChildren;
}

const piece = 100;

export function Table<R>(props: TableProps<R>): JSX.Element {
  const { columns, rows, rowKey, href, tone } = props;
  const [order, setOrder] = useState(props.order);
  const [shown, setShown] = useState(piece);
  if (rows.length === 0) return <div class="table-frame">{props.empty}</div>;
  const by = columns.find(({ key }) => key === order?.key)?.sortBy;
  const all =
    by === undefined ? rows : sorted(rows, by, { descending: order?.descending ?? false, locale: language.get() });
  return (
    <div class="table-frame">
      <table class="table" onKeyDown={walk}>
        <caption class="hidden-visually">{props.caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <HeadCell key={column.key} column={column} order={order} onOrder={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {all.slice(0, shown).map((row) => (
            <tr key={rowKey(row)} class={`${href === undefined ? '' : 'linked'} ${tone?.(row) ?? ''}`}>
              {columns.map((column, index) => (
                <td key={column.key} class={cellClass(column, index)} data-label={column.title}>
                  {index === 0 && href !== undefined ? (
                    <a class="row-link" href={href(row)}>
                      {column.cell(row)}
                    </a>
                  ) : (
                    column.cell(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <div class="table-foot">
        {props.foot ?? <span>{tn('table.rows', rows.length)}</span>}
        {rows.length > shown ? (
          <Button size="small" onClick={() => setShown(shown + piece)}>
            {t('table.more')}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

function HeadCell<R>(props: {
  readonly column: Column<R>;
  readonly order: SortOrder | undefined;
  readonly onOrder: (order: SortOrder) => void;
}): JSX.Element {
  const { column, order } = props;
  const isSorted = order?.key === column.key;
  const direction = order?.descending === true ? 'descending' : 'ascending';
  return (
    <th scope="col" class={cellClass(column, 1)} {...(isSorted ? { 'aria-sort': direction } : {})}>
      {column.sortBy === undefined ? (
        <span>{column.title}</span>
      ) : (
        <button type="button" onClick={() => props.onOrder(nextOrder(order, column.key))}>
          {column.title}
          {isSorted ? <Icon name={direction === 'descending' ? 'down' : 'up'} size={13} /> : null}
        </button>
      )}
    </th>
  );
}

function cellClass<R>(column: Column<R>, index: number): string {
  const priority = column.priority === undefined ? '' : `p${column.priority}`;
  return [index === 0 ? 'head' : '', column.end === true ? 'end' : '', priority].filter(Boolean).join(' ');
}

/** Up and down go to the link of the row before and behind. */
function walk(event: KeyboardEvent): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const { target } = event;
  if (!(target instanceof HTMLAnchorElement) || !target.classList.contains('row-link')) return;
  const row = target.closest('tr');
  const next = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling;
  const link = next?.querySelector<HTMLElement>('.row-link');
  if (link === null || link === undefined) return;
  event.preventDefault();
  link.focus();
}
