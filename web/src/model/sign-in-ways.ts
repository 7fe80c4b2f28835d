/** Which ways in there are, asked once beside the session, so that the first page is drawn whole. */
import type { SignInWays } from '../../../src/doors/console/people-flows.ts';
import { read } from '../api/client.ts';
import { store } from './store.ts';

/** Until the server has said otherwise: the ways that are always there. */
export const signInWays = store<SignInWays>({ local: 'everybody' });

/** Never rejects: whoever cannot be asked is told of when somebody signs in. */
export async function loadWays(): Promise<void> {
  try {
    signInWays.set(await read('sign-in/ways'));
  } catch {
    // As it was.
  }
}
