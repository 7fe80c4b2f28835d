/** Three planes through a series that is a volume: its slices are fetched, then planes are cut out of them as they are looked at. */
import { cache, imageLoader } from '@cornerstonejs/core';
import type { ImageFacts } from '../model/image-facts.ts';
import type { ScaledValues } from '../model/pixels.ts';
import { type Cut, cutFacts, cutsOf, cutValues, type NoVolume, type Volume, volumeOf } from '../model/volume.ts';
import type { FrameRegister, MadeValues } from './frame-register.ts';

const atOnce = 4;

export interface CutStack {
  readonly cut: Cut;
  readonly frames: readonly ImageFacts[];
  readonly made: (index: number) => MadeValues;
}

/**
 * @param progress slices that are there
 * @returns why there are none, where the series is no volume
 * @throws ApiError where a slice cannot be had
 */
export async function planesThrough(
  register: FrameRegister,
  frames: readonly ImageFacts[],
  progress: (done: number) => void,
): Promise<readonly CutStack[] | NoVolume> {
  const volume = volumeOf(frames);
  if ('reason' in volume) return volume;
  const slices = await slicesOf(register, volume, progress);
  return cutsOf(volume).map((cut) => ({
    cut,
    frames: Array.from({ length: volume.axes[cut.through].count }, (_, index) => cutFacts(volume, cut, index)),
    made: (index) => () => cutValues(volume, cut, { index, slices }),
  }));
}

async function slicesOf(
  register: FrameRegister,
  volume: Volume,
  progress: (done: number) => void,
): Promise<readonly ScaledValues[]> {
  const slices: ScaledValues[] = [];
  const waiting = volume.slices.map((facts, index) => ({ facts, index }));
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const id = register.add(next.facts);
      const image = cache.getImage(id) ?? (await imageLoader.loadAndCacheImage(id));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the register made this image of grey values
      slices[next.index] = image.getPixelData() as ScaledValues;
      progress((done += 1));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return slices;
}
