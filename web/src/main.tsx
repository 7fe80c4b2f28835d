/** Starts the console: who is signed in, then the page of the address. */
import { render } from 'preact';
import { read } from './api/client.ts';
import { App } from './app.tsx';
import { language } from './i18n/i18n.ts';
import { followLinks } from './model/navigation.ts';
import { takeAnswer } from './model/provider-trip.ts';
import { signedIn, signedOut } from './model/session.ts';
import { loadWays } from './model/sign-in-ways.ts';

takeAnswer();
document.documentElement.lang = language.get();
followLinks();
const place = document.getElementById('console');
if (place !== null) render(<App />, place);
const ways = loadWays();
// An invitation is for somebody who has no session yet.
if (location.pathname === '/enrol') signedOut();
else void begin();

async function begin(): Promise<void> {
  try {
    signedIn(await read('session'));
  } catch {
    // Whatever the reason, the way in is the same page; it says when the server cannot be reached.
    await ways;
    signedOut();
  }
}
