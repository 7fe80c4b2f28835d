/** The geometry of charts: round scales, lines and areas as SVG paths. */
export interface Scale {
  readonly left: number;
  readonly top: number;
  /** From one value to the next. */
  readonly step: number;
  readonly height: number;
  /** The value at the top. */
  readonly max: number;
}

/** The next round number at or above, even, so that its half is whole: 2, 4, 10, 20, 40, 100 … */
export function scaleTop(value: number): number {
  if (value <= 2) return 2;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 6, 8, 10].find((factor) => factor * power >= value) ?? 10;
  return Math.max(2, step * power);
}

function points(values: readonly number[], { left, top, step, height, max }: Scale): readonly string[] {
  return values.map((value, index) => `${round(left + index * step)} ${round(top + height - (value / max) * height)}`);
}

const round = (value: number): number => Math.round(value * 10) / 10;

export function linePath(values: readonly number[], scale: Scale): string {
  return values.length === 0 ? '' : `M${points(values, scale).join('L')}`;
}

/** Between two lines. */
export function areaPath(above: readonly number[], below: readonly number[], scale: Scale): string {
  if (above.length === 0) return '';
  return `M${points(above, scale).join('L')}L${points(below, scale).toReversed().join('L')}Z`;
}
