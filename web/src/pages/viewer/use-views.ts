/** Which series stands in which view, how many views there are, and which one the tools are for. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { loadSeries } from './engine/series-loader.ts';
import type { Pane } from './engine/pane.ts';
import type { Screen } from './engine/screen.ts';
import type { ImageFacts } from './model/image-facts.ts';
import type { MadeValues } from './engine/frame-register.ts';
import type { SeriesEntry } from './series-list.ts';

export interface Layout {
  readonly columns: 1 | 2;
  readonly rows: 1 | 2;
}
export const layouts: readonly Layout[] = [
  { columns: 1, rows: 1 },
  { columns: 2, rows: 1 },
  { columns: 1, rows: 2 },
  { columns: 2, rows: 2 },
];

/** A stack that was made here: a plane through a volume. */
export interface MadeStack {
  readonly caption: string;
  readonly frames: readonly ImageFacts[];
  readonly start: number;
  readonly made: (index: number) => MadeValues;
}
export interface Place {
  readonly id: string;
  readonly entry: SeriesEntry | undefined;
  readonly stack: MadeStack | undefined;
}

export interface Views {
  readonly layout: Layout;
  readonly active: number;
  readonly places: readonly Place[];
  readonly images: readonly SeriesEntry[];
  readonly isMade: boolean;
  readonly activate: (index: number) => void;
  readonly setLayout: (layout: Layout) => void;
  readonly nextLayout: () => void;
  readonly nextPane: () => void;
  /** Into the active view. */
  readonly show: (uid: string) => void;
  readonly nextSeries: (by: number) => void;
  /** Three planes instead of series, and back. */
  readonly showMade: (stacks: readonly MadeStack[] | undefined) => void;
  /** Each series is asked for once; a failed one is asked for again. */
  readonly load: (uid: string) => Promise<readonly ImageFacts[]>;
  readonly ready: (pane: Pane) => void;
}

export function useViews(screen: Screen, study: string, images: readonly SeriesEntry[]): Views {
  const [layout, setLayoutState] = useState<Layout>({ columns: 1, rows: 1 });
  const [active, setActive] = useState(0);
  const [chosen, setChosen] = useState<readonly (string | undefined)[]>(() => [images[0]?.uid]);
  const [stacks, setStacks] = useState<readonly MadeStack[]>();
  const [, setPanes] = useState(0);
  const loading = useRef(new Map<string, Promise<readonly ImageFacts[]>>());
  const ending = useRef(new AbortController());
  useEffect(() => () => ending.current.abort(), []);

  const count = layout.columns * layout.rows;
  const places = Array.from({ length: count }, (_, index): Place => {
    const entry = images.find(({ uid }) => uid === chosen[index]);
    return { id: `view-${index}`, entry, stack: stacks?.[index] };
  });
  const focus = (index: number): void => screen.panes.get(`view-${index}`)?.element.focus();
  const setLayout = (next: Layout): void => {
    const places = next.columns * next.rows;
    setLayoutState(next);
    setActive(Math.min(active, places - 1));
    // New views begin with what is not shown yet.
    setChosen((before) => {
      const unseen = images.filter(({ uid }) => !before.slice(0, places).includes(uid));
      return Array.from({ length: places }, (_, index) => before[index] ?? unseen.shift()?.uid);
    });
  };
  const show = (uid: string): void => {
    setStacks(undefined);
    setChosen((before) => Array.from({ length: count }, (_, index) => (index === active ? uid : before[index])));
  };
  return {
    layout,
    active,
    places,
    images,
    isMade: stacks !== undefined,
    activate: setActive,
    setLayout,
    nextLayout() {
      const index = layouts.findIndex(({ columns, rows }) => columns === layout.columns && rows === layout.rows);
      setLayout(layouts[(index + 1) % layouts.length] ?? layout);
    },
    nextPane() {
      const next = (active + 1) % count;
      setActive(next);
      focus(next);
    },
    show,
    nextSeries(by) {
      const index = images.findIndex(({ uid }) => uid === chosen[active]);
      const next = images[(index + by + images.length) % images.length];
      if (next !== undefined) show(next.uid);
    },
    showMade(made) {
      setStacks(made);
      if (made !== undefined) {
        // The fourth view shows the series as it was acquired.
        setChosen((before) => Array.from({ length: 4 }, () => before[active]));
        setLayoutState({ columns: 2, rows: 2 });
        setActive(0);
      }
    },
    load(uid) {
      const known = loading.current.get(uid);
      if (known !== undefined) return known;
      const promise = loadSeries(study, uid, ending.current.signal);
      loading.current.set(uid, promise);
      promise.catch(() => loading.current.delete(uid));
      return promise;
    },
    ready(pane) {
      // The tools are drawn anew for the view that now is there.
      setPanes((before) => before + 1);
      if (pane.id === 'view-0') pane.element.focus({ preventScroll: true });
    },
  };
}
