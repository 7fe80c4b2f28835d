/** Who is signed in, as the server last said. The cookie itself is out of reach of scripts. */
import type { Role, Session } from '../../../src/doors/console/console-api.ts';
import { store } from './store.ts';

export type SessionState =
  | { readonly kind: 'unknown' }
  /** `ended`: there was one until just now. */
  | { readonly kind: 'signed-out'; readonly ended: boolean }
  | { readonly kind: 'signed-in'; readonly session: Session };

export const session = store<SessionState>({ kind: 'unknown' });

export function signedIn(next: Session): void {
  session.set({ kind: 'signed-in', session: next });
}

export function sessionEnded(): void {
  session.set({ kind: 'signed-out', ended: session.get().kind === 'signed-in' });
}

export function signedOut(): void {
  session.set({ kind: 'signed-out', ended: false });
}

/** Only while somebody is signed in. */
export function currentSession(): Session | undefined {
  const state = session.get();
  return state.kind === 'signed-in' ? state.session : undefined;
}

export type Area = 'home' | 'studies' | 'devices' | 'openings' | 'people' | 'ledger' | 'settings';

/** What each role's navigation shows. The server decides again, whatever is shown. */
export const areasOf: Readonly<Record<Role, readonly Area[]>> = {
  physician: ['studies'],
  technologist: ['studies'],
  researcher: ['studies'],
  'exchange-clerk': ['studies'],
  administrator: ['home', 'devices', 'openings', 'people', 'settings'],
  'security-officer': ['home', 'openings', 'devices', 'people', 'ledger', 'settings'],
};

const uploaders: readonly Role[] = ['physician', 'technologist', 'exchange-clerk'];
const exporters: readonly Role[] = ['physician', 'exchange-clerk', 'researcher'];
export const mayUpload = (role: Role): boolean => uploaders.includes(role);
export const mayExport = (role: Role): boolean => exporters.includes(role);
/** Opens, closes, enrols, invites. */
export const mayAdminister = (role: Role): boolean => role === 'administrator';
