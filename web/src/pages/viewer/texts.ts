/** The viewer's own texts. They come with it, so that nobody loads them who does not open it. */
import { fill, language, type Language, type Places } from '../../i18n/i18n.ts';
import { de, en, type ViewerText } from './texts-table.ts';

const tables: Readonly<Record<Language, Readonly<Record<ViewerText, string>>>> = { en, de };

export function v(text: ViewerText, places: Places = {}): string {
  return fill(tables[language.get()][text], places);
}
