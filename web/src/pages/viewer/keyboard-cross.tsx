/** The cross by which a person without a pointer sets the points of a measurement. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { KeyboardPoints } from './engine/keyboard-points.ts';
import type { Pane } from './engine/pane.ts';
import type { Screen } from './engine/screen.ts';
import { isMeasureTool } from './model/tools.ts';
import { v } from './texts.ts';

const ways: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function KeyboardCross(props: {
  readonly screen: Screen;
  readonly pane: Pane;
  readonly onEnd: () => void;
}): JSX.Element | null {
  const { screen, pane, onEnd } = props;
  const tool = screen.tool.get();
  const points = useMemo(
    () => (isMeasureTool(tool) ? new KeyboardPoints(screen, pane, tool) : undefined),
    [pane, tool],
  );
  const [, draw] = useState(0);
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    element.current?.focus();
  }, []);
  if (points === undefined) return null;
  const { x, y, set, needed } = points.cross;
  const end = (): void => {
    onEnd();
    pane.element.focus();
  };
  const { offsetLeft, offsetTop } = pane.element.parentElement ?? pane.element;
  return (
    <div
      ref={element}
      class="v-cross"
      role="application"
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it is moved by the arrow keys
      tabIndex={0}
      aria-label={v('cursor', { number: set + 1, count: needed })}
      style={{ left: `${offsetLeft + x}px`, top: `${offsetTop + y}px` }}
      onBlur={onEnd}
      onKeyDown={(event) => {
        const way = ways[event.key];
        if (way !== undefined) {
          const pixels = event.shiftKey ? 20 : 2;
          points.move(way[0] * pixels, way[1] * pixels);
        } else if (event.key === 'Escape') end();
        else if (event.key === 'Enter') {
          if (points.set()) end();
        } else return;
        event.preventDefault();
        event.stopPropagation();
        draw((before) => before + 1);
      }}
    >
      <span class="v-cross-words" aria-live="polite">
        {v('cursor', { number: Math.min(set + 1, needed), count: needed })}
      </span>
    </div>
  );
}
