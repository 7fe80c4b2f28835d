/** The line in a view at which the image of the active view cuts through it. */
import type { JSX } from 'preact';
import { store, useStore } from '../../model/store.ts';
import type { Pane, PaneState } from './engine/pane.ts';
import type { Screen } from './engine/screen.ts';
import { crossLine } from './model/cross-line.ts';

const nobody = store<Pick<PaneState, 'frames' | 'index'>>({ frames: [], index: 0 });

export function CrossLines({ screen, pane }: { readonly screen: Screen; readonly pane: Pane }): JSX.Element | null {
  const active = useStore(screen.active);
  return active === undefined || active === pane ? null : <Line key={active.id} active={active} pane={pane} />;
}

function Line({ active, pane }: { readonly active: Pane; readonly pane: Pane }): JSX.Element | null {
  const there = useStore<Pick<PaneState, 'frames' | 'index'>>(active.isClosed ? nobody : active.state);
  const here = useStore(pane.state);
  const other = there.frames[there.index];
  const image = here.frames[here.index];
  if (other === undefined || image === undefined || here.drawn === 0) return null;
  const line = crossLine(image, other);
  if (line === undefined) return null;
  const [[x1, y1], [x2, y2]] = [pane.canvasOf(line[0]), pane.canvasOf(line[1])];
  return (
    <svg class="v-cross-line" aria-hidden="true" focusable="false">
      <line x1={x1} y1={y1} x2={x2} y2={y2} />
    </svg>
  );
}
