/** What several places of the console start: signing out, the other theme, the next language. */
import { people } from '../api/client.ts';
import { language, languages } from '../i18n/i18n.ts';
import { sayFailed } from '../ui/toasts.tsx';
import { navigate } from './navigation.ts';
import { signedOut } from './session.ts';
import { isDark, theme } from './theme.ts';

export async function signOut(): Promise<void> {
  try {
    const { location: atProvider } = await people('sign-out', {});
    // It asks whether the session there is to end, too: on a machine of several people that is the one that counts.
    if (atProvider !== undefined) location.assign(atProvider);
  } catch (error) {
    sayFailed(error);
    return;
  }
  signedOut();
  navigate('/');
}

export function toggleTheme(): void {
  theme.set(isDark() ? 'light' : 'dark');
}

export function nextLanguage(): void {
  const index = languages.indexOf(language.get());
  language.set(languages[(index + 1) % languages.length] ?? 'en');
}
