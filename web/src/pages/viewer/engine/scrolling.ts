/** Stepping through a stack by wheel and, with the tool for it, by dragging with the main button or one finger. */
import type { Store } from '../../../model/store.ts';
import type { Pane } from './pane.ts';
import type { Tool } from '../model/tools.ts';

/** A notch of a wheel is about 100; a touch pad sends many small ones. */
const wheelPixels = 40;
const notchPixels = 60;
/** So far the pointer is dragged for one image, at least; a long stack takes less, so that one drag passes through it. */
const dragPixels = 8;

/** Returns what ends it. */
export function scrolling(pane: Pane, tool: Store<Tool>): () => void {
  const { element } = pane;
  const ending = new AbortController();
  const { signal } = ending;
  let turned = 0;
  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (event.ctrlKey) {
        pane.zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1);
        return;
      }
      const isNotch = event.deltaMode !== 0 || Math.abs(event.deltaY) >= notchPixels;
      turned = isNotch ? Math.sign(event.deltaY) * wheelPixels : turned + event.deltaY;
      const steps = Math.trunc(turned / wheelPixels);
      turned -= steps * wheelPixels;
      if (steps !== 0) pane.step(steps);
    },
    // Before Cornerstone's own listener, which would look for a tool.
    { passive: false, capture: true, signal },
  );

  const fingers = new Map<number, number>();
  let rest = 0;
  element.addEventListener(
    'pointerdown',
    (event) => {
      if (event.pointerType === 'mouse' && event.button !== 0) return;
      fingers.set(event.pointerId, event.clientY);
      rest = 0;
    },
    { signal },
  );
  element.addEventListener(
    'pointermove',
    (event) => {
      const before = fingers.get(event.pointerId);
      if (before === undefined || fingers.size !== 1 || tool.get() !== 'scroll') return;
      fingers.set(event.pointerId, event.clientY);
      const { frames } = pane.state.get();
      const pixels = Math.max(2, Math.min(dragPixels, element.clientHeight / Math.max(1, frames.length)));
      rest += (event.clientY - before) / pixels;
      const steps = Math.trunc(rest);
      rest -= steps;
      if (steps !== 0) pane.step(steps);
    },
    { signal },
  );
  const lifted = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
  };
  for (const name of ['pointerup', 'pointercancel', 'pointerleave'] as const) {
    element.addEventListener(name, lifted, { signal });
  }
  return () => ending.abort();
}
