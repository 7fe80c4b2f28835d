/** From a value in the units of the modality to a grey of 0 to 255, PS3.3 C.11.2: as a real number, not rounded yet. */
import type { VoiTransform } from './image-facts.ts';
import { lookUp } from './lookup-table.ts';

/** What a frame really has, where its attributes name no window. */
export interface ValueRange {
  readonly least: number;
  readonly most: number;
}

const whitest = 255;

/** @param range of the values, for `whole` */
export function greyFunction(voi: VoiTransform, range: () => ValueRange): (value: number) => number {
  switch (voi.kind) {
    case 'table': {
      const { table } = voi;
      // The highest eight bits, as of colours; fewer are stretched.
      if (table.bits >= 8) return (value) => lookUp(table, value) >> (table.bits - 8);
      const scale = whitest / (2 ** table.bits - 1);
      return (value) => lookUp(table, value) * scale;
    }
    case 'whole': {
      const { least, most } = range();
      return straight(least, most);
    }
    case 'window': {
      const { center, width } = voi;
      switch (voi.function) {
        case 'linear': // C.11.2.1.2.1; the values between two whole numbers go to the nearer one
          return straight(center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2);
        case 'linear-exact': // C.11.2.1.3.2
          return straight(center - width / 2, center + width / 2);
        case 'sigmoid': // C.11.2.1.3.1
          return (value) => whitest / (1 + Math.exp((-4 * (value - center)) / width));
      }
    }
  }
}

/** Black up to `black`, white from `white` on. Where both are one, it is a threshold: what is above is white. */
function straight(black: number, white: number): (value: number) => number {
  const scale = white > black ? whitest / (white - black) : 0;
  return (value) => {
    if (value <= black) return 0;
    return value > white ? whitest : (value - black) * scale;
  };
}
