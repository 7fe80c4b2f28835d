/**
 * Texts of the console in the chosen language. English and German are complete by their type; numbers, dates and plurals are
 * the platform's (Intl).
 */
import { store } from '../model/store.ts';
import { de } from './de.ts';
import { en, type TextKey } from './en.ts';

export const languages = ['en', 'de'] as const;
export type Language = (typeof languages)[number];
export const languageNames: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' };

const tables: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { en, de };
const key = 'leadglass-language';

export const language = store<Language>(firstLanguage());

language.subscribe((chosen) => {
  localStorage.setItem(key, chosen);
  document.documentElement.lang = chosen;
});

function firstLanguage(): Language {
  const wanted = [localStorage.getItem(key) ?? '', ...navigator.languages];
  for (const tag of wanted) {
    const found = languages.find((known) => known === tag.slice(0, 2).toLowerCase());
    if (found !== undefined) return found;
  }
  return 'en';
}

/** Texts with `{name}` places. */
export type Places = Readonly<Record<string, string | number>>;

export function t(text: TextKey, places: Places = {}): string {
  return fill(tables[language.get()][text], places);
}

export function fill(text: string, places: Places): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => (name in places ? String(places[name]) : whole));
}

/** Keys of which there are a `.one` and an `.other`. */
type StemOf<K> = K extends `${infer Stem}.other` ? Stem : never;
export type CountKey = {
  [Stem in StemOf<TextKey>]: `${Stem}.one` extends TextKey ? Stem : never;
}[StemOf<TextKey>];

/** A text that depends on a number, which stands in it as `{count}`. */
export function tn(text: CountKey, count: number, places: Places = {}): string {
  const form = new Intl.PluralRules(language.get()).select(count) === 'one' ? 'one' : 'other';
  return t(`${text}.${form}`, { count: new Intl.NumberFormat(language.get()).format(count), ...places });
}

/** Words of the server that have a text of ours; others are shown as they came. */
export function word(
  group: 'role' | 'purpose' | 'operation' | 'door' | 'outcome' | 'state' | 'projectOption',
  value: string,
): string {
  const name = `${group}.${value}`;
  return isKey(name) ? t(name) : value;
}

function isKey(name: string): name is TextKey {
  return Object.hasOwn(en, name);
}
