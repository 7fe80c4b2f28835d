/** Measurements without a pointer: a cross that the arrow keys move, a point where Enter is pressed. */
import type { Types } from '@cornerstonejs/core';
import type { Pane } from './pane.ts';
import type { MeasureTool } from '../model/tools.ts';
import type { Screen } from './screen.ts';

export interface Cross {
  /** Pixels of the page within the view. */
  readonly x: number;
  readonly y: number;
  readonly set: number;
  readonly needed: number;
}

const pointsNeeded: Readonly<Record<MeasureTool, number>> = {
  length: 2,
  angle: 3,
  ellipse: 2,
  rectangle: 2,
  probe: 1,
};

export class KeyboardPoints {
  readonly #screen: Screen;
  readonly #pane: Pane;
  readonly #tool: MeasureTool;
  readonly #points: Types.Point2[] = [];
  #at: Types.Point2;

  constructor(screen: Screen, pane: Pane, tool: MeasureTool) {
    this.#screen = screen;
    this.#pane = pane;
    this.#tool = tool;
    this.#at = [Math.round(pane.element.clientWidth / 2), Math.round(pane.element.clientHeight / 2)];
  }

  get cross(): Cross {
    const [x, y] = this.#at;
    return { x, y, set: this.#points.length, needed: pointsNeeded[this.#tool] };
  }

  move(right: number, down: number): void {
    const { clientWidth, clientHeight } = this.#pane.element;
    const [x, y] = this.#at;
    this.#at = [Math.max(0, Math.min(clientWidth - 1, x + right)), Math.max(0, Math.min(clientHeight - 1, y + down))];
  }

  /** True: that was the last point, and the measurement is there. */
  set(): boolean {
    const last = this.#points.at(-1);
    if (last !== undefined && last[0] === this.#at[0] && last[1] === this.#at[1]) return false;
    this.#points.push([...this.#at]);
    if (this.#points.length < pointsNeeded[this.#tool]) return false;
    const { imageId } = this.#pane;
    if (imageId === undefined) return true;
    const world = handlesOf(this.#tool, this.#points).map((point) => this.#pane.viewport.canvasToWorld(point));
    this.#screen.place(this.#pane, this.#tool, world, imageId);
    return true;
  }
}

/** The handles that Cornerstone's tools have: of a rectangle its corners, of an ellipse the ends of its axes. */
function handlesOf(tool: MeasureTool, points: readonly Types.Point2[]): readonly Types.Point2[] {
  const [[x1, y1] = [0, 0], [x2, y2] = [0, 0]] = points;
  if (tool === 'rectangle') {
    return [
      [x1, y1],
      [x2, y1],
      [x1, y2],
      [x2, y2],
    ];
  }
  if (tool !== 'ellipse') return points;
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)];
  const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
  return [
    [x, bottom],
    [x, top],
    [left, y],
    [right, y],
  ];
}
