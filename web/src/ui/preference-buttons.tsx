/** The two choices that everybody has, signed in or not. Whoever shows them is drawn anew when one changes. */
import type { JSX } from 'preact';
import { language, languageNames, t } from '../i18n/i18n.ts';
import { nextLanguage, toggleTheme } from '../model/actions.ts';
import { isDark } from '../model/theme.ts';
import { Button } from './button.tsx';

export function LanguageButton(): JSX.Element {
  return (
    <Button look="plain" size="small" icon="language" onClick={nextLanguage}>
      <span class="hidden-visually">{t('nav.language')}: </span>
      <span lang={language.get()}>{languageNames[language.get()]}</span>
    </Button>
  );
}

export function ThemeButton(): JSX.Element {
  return (
    <Button icon={isDark() ? 'sun' : 'moon'} look="plain" size="small" label={t('nav.theme')} onClick={toggleTheme} />
  );
}
