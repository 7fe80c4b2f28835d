/** One of the pictures of an instance, and what is asked for when they are listed (depictions.ts). */
import type { DrawnPicture } from '../../../codecs/draw-frame.ts';
import type { PictureOrder, PictureServices } from './pictures.ts';

/** One picture that can be made. */
export interface Depiction {
  /** Digests of the other instances that it is made of. */
  readonly madeOf: readonly Uint8Array[];
  readonly frames: readonly number[];
  draw(): Promise<DrawnPicture>;
}

export interface Depicting {
  readonly facts: PictureServices;
  readonly order: PictureOrder;
  /** Absent: all, or the one that stands for all. */
  readonly frames?: readonly number[];
  readonly isOne: boolean;
}

export function* upTo(count: number): Generator<number, void, undefined> {
  for (let number = 1; number <= count; number += 1) yield number;
}
