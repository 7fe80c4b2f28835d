/** Three planes of the active view's series, or why there are none. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { sayFailed, sayProblem } from '../../ui/toasts.tsx';
import { planesThrough } from './engine/planes.ts';
import type { Screen } from './engine/screen.ts';
import type { NoVolume, PlaneName } from './model/volume.ts';
import { v } from './texts.ts';
import type { ViewerText } from './texts-table.ts';
import type { Views } from './use-views.ts';
import { IconButton } from './viewer-icons.tsx';

const captions: Readonly<Record<PlaneName, ViewerText>> = {
  axial: 'mprAxial',
  coronal: 'mprCoronal',
  sagittal: 'mprSagittal',
};

export function MprButton({ screen, views }: { readonly screen: Screen; readonly views: Views }): JSX.Element {
  const [going, setGoing] = useState<{ readonly done: number; readonly count: number }>();
  const isGone = useRef(false);
  useEffect(
    () => () => {
      isGone.current = true;
    },
    [],
  );
  const entry = views.places[views.active]?.entry;
  const begin = async (uid: string): Promise<void> => {
    try {
      const frames = await views.load(uid);
      setGoing({ done: 0, count: frames.length });
      const planes = await planesThrough(screen.frames, frames, (done) => setGoing({ done, count: frames.length }));
      if (isGone.current) return;
      if ('reason' in planes) {
        sayProblem(wordsOf(planes));
        return;
      }
      views.showMade(
        planes.map(({ cut, ...stack }) => ({
          ...stack,
          caption: v(captions[cut.name]),
          start: Math.floor(stack.frames.length / 2),
        })),
      );
    } catch (error) {
      if (!isGone.current) sayFailed(error);
    } finally {
      setGoing(undefined);
    }
  };
  return (
    <>
      <IconButton
        icon="mpr"
        label={views.isMade ? v('mprEnd') : v('mpr')}
        pressed={views.isMade}
        disabled={entry === undefined || going !== undefined}
        onClick={() => {
          if (views.isMade) {
            views.showMade(undefined);
            views.setLayout({ columns: 1, rows: 1 });
          } else if (entry !== undefined) void begin(entry.uid);
        }}
      />
      <span class="hidden-visually" role="status">
        {going === undefined ? '' : v('mprLoading', going)}
      </span>
    </>
  );
}

function wordsOf(none: NoVolume): string {
  return none.reason === 'spacing'
    ? v('mprNot.spacing', { mm: Number(none.mm.toFixed(2)) })
    : v(`mprNot.${none.reason}`);
}
