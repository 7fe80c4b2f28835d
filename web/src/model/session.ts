/** Who is signed in, as the server last said. The cookie itself is out of reach of scripts. */
import type { SessionView } from '../../../src/doors/console/people-flows.ts';
import type { PersonOperation, Role } from '../../../src/guard/roles.ts';
import { store } from './store.ts';

export type SessionState =
  | { readonly kind: 'unknown' }
  /** `ended`: there was one until just now. */
  | { readonly kind: 'signed-out'; readonly ended: boolean }
  | { readonly kind: 'signed-in'; readonly session: SessionView };

export const session = store<SessionState>({ kind: 'unknown' });

export function signedIn(next: SessionView): void {
  session.set({ kind: 'signed-in', session: next });
}

export function sessionEnded(): void {
  session.set({ kind: 'signed-out', ended: session.get().kind === 'signed-in' });
}

export function signedOut(): void {
  session.set({ kind: 'signed-out', ended: false });
}

/** Only while somebody is signed in. */
export function currentSession(): SessionView | undefined {
  const state = session.get();
  return state.kind === 'signed-in' ? state.session : undefined;
}

/** In an emergency one patient is there to be looked at, and nothing else may be done. */
export const looksOnly = (): boolean => currentSession()?.emergency !== undefined;

export type Area = 'home' | 'studies' | 'devices' | 'openings' | 'emergency' | 'people' | 'ledger' | 'settings';

/** What each role's navigation shows. The server decides again, whatever is shown. */
const areas: Readonly<Record<Role, readonly Area[]>> = {
  physician: ['studies', 'emergency'],
  technologist: ['studies'],
  researcher: ['studies'],
  'exchange-clerk': ['studies'],
  administrator: ['home', 'devices', 'openings', 'people', 'settings'],
  'security-officer': ['home', 'emergency', 'openings', 'devices', 'people', 'ledger', 'settings'],
};

export function areasOf(role: string): readonly Area[] {
  return Object.entries(areas).find(([known]) => known === role)?.[1] ?? [];
}

/** What is open to who is signed in, as the server last said: only that is offered. */
const isOpen = (operation: PersonOperation): boolean => currentSession()?.may.includes(operation) === true;
export const mayUpload = (): boolean => isOpen('store');
export const mayExport = (): boolean => isOpen('export');
export const mayRelease = (): boolean => isOpen('release');
/** Looks at emergency access afterwards; whoever else has that page uses it. */
export const mayReview = (role: string | undefined): boolean => role === ('security-officer' satisfies Role);
/** Opens, closes, enrols, invites. Nobody signed in may not. */
export const mayAdminister = (role: string | undefined): boolean => role === ('administrator' satisfies Role);
