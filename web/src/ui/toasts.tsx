/** Short news at the edge of the page: what was done, or that it failed. They go by themselves, failures do not. */
import type { JSX } from 'preact';
import { t } from '../i18n/i18n.ts';
import { store, useStore } from '../model/store.ts';
import { Button } from './button.tsx';
import { errorWords } from './errors.ts';
import { Icon } from './icons.tsx';

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: 'ok' | 'danger';
}
const toasts = store<readonly Toast[]>([]);
const shownMs = 6000;
let last = 0;

export function say(text: string): void {
  const id = show(text, 'ok');
  setTimeout(() => drop(id), shownMs);
}

export function sayFailed(error: unknown): void {
  show(errorWords(error), 'danger');
}

/** What cannot be done, in words of our own; it stays until it is read. */
export function sayProblem(text: string): void {
  show(text, 'danger');
}

function show(text: string, tone: Toast['tone']): number {
  last += 1;
  toasts.set([...toasts.get().slice(-2), { id: last, text, tone }]);
  return last;
}

function drop(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {useStore(toasts).map(({ id, text, tone }) => (
        <div key={id} class={`toast ${tone}`}>
          <Icon name={tone === 'ok' ? 'check' : 'danger'} />
          <p>{text}</p>
          <Button icon="close" look="plain" size="small" label={t('action.close')} onClick={() => drop(id)} />
        </div>
      ))}
    </div>
  );
}
