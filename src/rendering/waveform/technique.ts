/** How a group of channels was taken and is drawn, in words: without it nobody can read a trace. */
import type { Lane } from './lane.ts';
import type { Plan } from './plan.ts';
import type { MultiplexGroup } from './waveform.ts';

export function techniqueText(
  group: MultiplexGroup,
  { plan, lanes }: { readonly plan: Plan | undefined; readonly lanes: readonly Lane[] },
): string {
  const units = [...new Set(group.channels.map(({ unit }) => unit))].filter((unit) => unit !== '');
  const filters = [...new Set(group.channels.map(({ filters: text }) => text))].filter((text) => text !== '');
  const gain = lanes.find(({ mmPerMillivolt }) => mmPerMillivolt !== undefined)?.mmPerMillivolt;
  return [
    plan === undefined ? 'no samples' : speedText(plan),
    ...(gain === undefined ? [] : [`${gain} mm/mV`]),
    `${numberText(group.samplesPerSecond)} Hz`,
    ...(plan === undefined ? [] : [durationText(plan.samples / group.samplesPerSecond)]),
    ...(plan !== undefined && plan.samples < group.samples
      ? [`of ${group.samples} samples only ${plan.samples} are there`]
      : []),
    ...(plan !== undefined && plan.samplesPerPlace > 1 ? ['least and most of each place'] : []),
    ...(units.length === 0 ? [] : [`in ${units.join(', ')}`]),
    // Several kinds of filters would need a line for each channel.
    ...(filters.length === 1 ? filters : []),
    ...(group.isDerived ? ['derived'] : []),
  ].join(' · ');
}

function speedText({ mmPerSecond, secondsPerRow, rows }: Plan): string {
  return rows === 1 || mmPerSecond >= 1 ? `${numberText(mmPerSecond)} mm/s` : `${durationText(secondsPerRow)} in a row`;
}

/** `2.5 s`, `1:30 min`, `2:05:00 h` */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${numberText(seconds)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours === 0 ? `${minutes}:${two(whole % 60)} min` : `${hours}:${two(minutes)}:${two(whole % 60)} h`;
}

/** Four digits are enough to read, whatever the size. */
export function numberText(value: number): string {
  const isPlain = value === 0 || (Math.abs(value) >= 0.001 && Math.abs(value) < 1e7);
  return isPlain ? String(Number(value.toPrecision(Math.abs(value) >= 1000 ? 7 : 4))) : value.toExponential(2);
}
