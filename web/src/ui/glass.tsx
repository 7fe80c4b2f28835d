/** The leaded window of the entrance: a lattice of panes whose shades follow from their place. Decoration, and says so. */
import type { JSX } from 'preact';

const columns = 9;
const rows = 13;
const width = 64;
const height = 84;

export function Glass(): JSX.Element {
  const panes: JSX.Element[] = [];
  for (let row = -1; row <= rows * 2; row += 1) {
    for (let column = -1; column <= columns; column += 1) {
      const x = column * width + (row % 2 === 0 ? 0 : width / 2);
      const y = (row * height) / 2;
      const points = `${x},${y - height / 2} ${x + width / 2},${y} ${x},${y + height / 2} ${x - width / 2},${y}`;
      panes.push(<polygon key={`${row} ${column}`} points={points} class={`g${shadeOf(column, row)}`} />);
    }
  }
  return (
    <svg
      class="glass"
      viewBox={`0 0 ${(columns - 1) * width} ${(rows - 1) * height}`}
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
      focusable="false"
    >
      {panes}
    </svg>
  );
}

/** Light falls from above on the left; the rest is the unevenness of old glass. */
function shadeOf(column: number, row: number): number {
  const grain = ((column * 73_856_093) ^ (row * 19_349_663)) >>> 0;
  if (grain % 41 === 3) return 5;
  const light = (column / columns + row / (rows * 2)) * 3.1;
  return Math.max(0, Math.min(4, Math.round(light + (grain % 100) / 48 - 0.9)));
}
