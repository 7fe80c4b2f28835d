/** The segments over one view, and what they are called. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useStore } from '../../model/store.ts';
import { sayProblem } from '../../ui/toasts.tsx';
import type { Pane } from './engine/pane.ts';
import type { Screen } from './engine/screen.ts';
import type { SegmentOverlay } from './engine/segment-overlay.ts';
import { v } from './texts.ts';

export function SegmentLayer({ screen, pane }: { readonly screen: Screen; readonly pane: Pane }): JSX.Element | null {
  const overlays = useStore(screen.overlays);
  return overlays.length === 0 ? null : <Layer overlays={overlays} pane={pane} />;
}

function Layer({ overlays, pane }: { readonly overlays: readonly SegmentOverlay[]; readonly pane: Pane }): JSX.Element {
  const { frames, index, drawn, error } = useStore(pane.state);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [isFailed, setFailed] = useState(false);
  const image = frames[index];
  useEffect(() => {
    const here = canvas.current;
    if (here === null) return;
    const ratio = devicePixelRatio || 1;
    // A new size clears it, too.
    here.width = Math.round(pane.element.clientWidth * ratio);
    here.height = Math.round(pane.element.clientHeight * ratio);
    if (image === undefined || error !== undefined) return;
    const drawing = overlays.map((overlay) => overlay.draw(pane, here));
    Promise.all(drawing).catch(() => {
      if (!isFailed) sayProblem(v('segmentsFailed'));
      setFailed(true);
    });
  }, [overlays, pane, image, drawn, error]);
  const segments = image === undefined ? [] : overlays.flatMap((overlay) => overlay.segmentsOver(image));
  return (
    <>
      <canvas ref={canvas} class="v-segments" aria-hidden="true" />
      {segments.length === 0 ? null : (
        <ul class="v-legend" aria-label={v('segments')}>
          {segments.slice(0, 12).map(({ number, label, colour }) => (
            <li key={`${number} ${label}`}>
              <span style={{ background: `rgb(${colour.join(' ')})` }} />
              {label}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
