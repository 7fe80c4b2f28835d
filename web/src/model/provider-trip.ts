/**
 * To the hospital's own sign-in and back. The server keeps what the answer is held against; the page only carries the answer from its
 * address to the server, and takes it out of the address before anything else happens.
 */
import type { ProviderDone } from '../../../src/doors/console/console-api.ts';
import { people } from '../api/client.ts';
import { parseRoute } from './route.ts';

export const callbackPath = '/sign-in/callback';
/** A window of its own that shows the factors again; it tells the page that asked. */
export const confirmPath = '/sign-in/confirm';

const placeKey = 'leadglass-place';
const channelName = 'leadglass-step-up';

let parameters: string | undefined;

/** Called once, before the first page is drawn. */
export function takeAnswer(): void {
  if (location.pathname !== callbackPath) return;
  parameters = location.search.slice(1);
  history.replaceState(null, '', callbackPath);
}

/** To the provider; afterwards the person is back in the section that was open. Not on its page: an address may name a study. */
export async function signInAtProvider(): Promise<void> {
  const section = parseRoute(location.pathname)?.section ?? '';
  // The question of a program names no study, and without its number it would be lost.
  sessionStorage.setItem(placeKey, section === 'authorize' ? location.pathname.slice(1) : section);
  await leave(await people('sign-in/provider', {}));
}

export async function enrolAtProvider(ceremony: string): Promise<void> {
  await leave(await people('enrol/provider', { ceremony }));
}

export async function confirmAtProvider(): Promise<void> {
  await leave(await people('step-up/provider', {}));
}

/** @throws ApiError; undefined when no answer came with the address, or it was handed over already */
export async function handOver(): Promise<ProviderDone | undefined> {
  const answer = parameters;
  parameters = undefined;
  if (answer === undefined || answer === '') return undefined;
  return await people('sign-in/provider/finish', { parameters: answer });
}

/** The section in which the person was, once. */
export function placeBefore(): string {
  const place = `/${sessionStorage.getItem(placeKey) ?? ''}`;
  sessionStorage.removeItem(placeKey);
  const section = parseRoute(place)?.section;
  return section === undefined || section === 'sign-in' || section === 'enrol' ? '/' : place;
}

/** To the page that waits in another window of this browser. */
export function tellConfirmed(): void {
  const channel = new BroadcastChannel(channelName);
  channel.postMessage('confirmed');
  channel.close();
}

/** @returns what ends the waiting */
export function onConfirmed(listener: () => void): () => void {
  const channel = new BroadcastChannel(channelName);
  channel.addEventListener('message', listener);
  return () => channel.close();
}

/** Never resolves: the page is being left. */
async function leave({ location: address }: { readonly location: string }): Promise<void> {
  location.assign(address);
  await new Promise<never>(() => undefined);
}
