/** The windows that are offered for an image: its own ones, the usual ones of its modality, everything it has. Pure. */
import type { Window } from '../../../model/places.ts';
import { type WindowName, windowsFor } from '../../../model/frames.ts';
import type { ImageFacts } from './image-facts.ts';

export interface Preset {
  /** `stored`: the image's own, by number. */
  readonly kind: 'stored' | 'usual' | 'full';
  readonly number: number;
  readonly name?: WindowName;
  /** Absent: from the lowest to the highest value, which only the pixels tell. */
  readonly window?: Window;
}

export function presetsFor(facts: ImageFacts | undefined): readonly Preset[] {
  if (facts === undefined || facts.kind === 'picture') return [];
  return [
    ...facts.windows.slice(0, 4).map((window, index) => ({ kind: 'stored', number: index + 1, window }) as const),
    ...windowsFor(facts.modality).flatMap(({ name, window }) =>
      window === undefined ? [] : [{ kind: 'usual', number: 0, name, window } as const],
    ),
    { kind: 'full', number: 0 },
  ];
}

/** Which one is set, within what a person can tell apart. */
export function chosenPreset(presets: readonly Preset[], window: Window | undefined): number {
  if (window === undefined) return -1;
  return presets.findIndex(
    (preset) =>
      preset.window !== undefined &&
      Math.abs(preset.window.center - window.center) < 1 &&
      Math.abs(preset.window.width - window.width) < 1.5,
  );
}
