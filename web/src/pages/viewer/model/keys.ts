/** From a key to what it does, while an image has the focus (WCAG 2.1.4: single letters count nowhere else). Pure. */
import type { Tool } from './tools.ts';

export type Command =
  | { readonly do: 'step'; readonly by: number }
  | { readonly do: 'end'; readonly to: 'first' | 'last' }
  | { readonly do: 'tool'; readonly tool: Tool }
  | { readonly do: 'preset'; readonly number: number }
  | { readonly do: 'series'; readonly by: number }
  | { readonly do: 'pan'; readonly right: number; readonly down: number }
  | { readonly do: 'zoom'; readonly factor: number }
  | { readonly do: 'rotate'; readonly by: number }
  | { readonly do: 'flip'; readonly way: 'horizontal' | 'vertical' }
  | {
      readonly do: 'invert' | 'reset' | 'play' | 'layout' | 'pane' | 'link' | 'help' | 'place' | 'removeLast';
    };

const panPixels = 24;

const plain: Readonly<Record<string, Command>> = {
  ArrowDown: { do: 'step', by: 1 },
  ArrowRight: { do: 'step', by: 1 },
  ArrowUp: { do: 'step', by: -1 },
  ArrowLeft: { do: 'step', by: -1 },
  PageDown: { do: 'step', by: 10 },
  PageUp: { do: 'step', by: -10 },
  Home: { do: 'end', to: 'first' },
  End: { do: 'end', to: 'last' },
  s: { do: 'tool', tool: 'scroll' },
  w: { do: 'tool', tool: 'window' },
  z: { do: 'tool', tool: 'zoom' },
  m: { do: 'tool', tool: 'pan' },
  l: { do: 'tool', tool: 'length' },
  a: { do: 'tool', tool: 'angle' },
  e: { do: 'tool', tool: 'ellipse' },
  r: { do: 'tool', tool: 'rectangle' },
  d: { do: 'tool', tool: 'probe' },
  i: { do: 'invert' },
  '.': { do: 'rotate', by: 90 },
  ',': { do: 'rotate', by: -90 },
  h: { do: 'flip', way: 'horizontal' },
  v: { do: 'flip', way: 'vertical' },
  '+': { do: 'zoom', factor: 1.2 },
  '=': { do: 'zoom', factor: 1.2 },
  '-': { do: 'zoom', factor: 1 / 1.2 },
  '0': { do: 'reset' },
  ' ': { do: 'play' },
  n: { do: 'series', by: 1 },
  b: { do: 'series', by: -1 },
  p: { do: 'pane' },
  g: { do: 'layout' },
  t: { do: 'link' },
  '?': { do: 'help' },
  Enter: { do: 'place' },
  Delete: { do: 'removeLast' },
  Backspace: { do: 'removeLast' },
};
const shifted: Readonly<Record<string, Command>> = {
  ArrowDown: { do: 'pan', right: 0, down: panPixels },
  ArrowRight: { do: 'pan', right: panPixels, down: 0 },
  ArrowUp: { do: 'pan', right: 0, down: -panPixels },
  ArrowLeft: { do: 'pan', right: -panPixels, down: 0 },
};

export interface Pressed {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

/** Undefined: not ours, the browser's. */
export function commandOf({ key, shiftKey, ctrlKey, altKey, metaKey }: Pressed): Command | undefined {
  if (ctrlKey || altKey || metaKey) return undefined;
  if (/^[1-9]$/.test(key)) return { do: 'preset', number: Number(key) };
  if (shiftKey && key in shifted) return shifted[key];
  const name = key.length === 1 ? key.toLowerCase() : key;
  return Object.hasOwn(plain, name) ? plain[name] : undefined;
}
