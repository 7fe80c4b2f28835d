/** What all parts of a drawing share: lengths in millimetres, and texts that fit. */

/** In millimetres, from the left upper corner of the drawing. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Hundredths are finer than any screen or printer. */
export function millimetres(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export function shortened(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
