/** Light, dark or as the system says. The choice is kept in this browser; public/theme.js applies it before the first drawing. */
import { store } from './store.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const key = 'leadglass-theme';

export const theme = store<Theme>(themes.find((known) => known === localStorage.getItem(key)) ?? 'system');

theme.subscribe((chosen) => {
  const { dataset } = document.documentElement;
  if (chosen === 'system') {
    localStorage.removeItem(key);
    delete dataset['theme'];
  } else {
    localStorage.setItem(key, chosen);
    dataset['theme'] = chosen;
  }
});

export function isDark(): boolean {
  const chosen = theme.get();
  return chosen === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
}
