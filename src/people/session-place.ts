/**
 * A cookie that was stolen: whoever has it looks the same to the server, except for what else comes with a request. A session belongs to the
 * browser in which it was begun, and to the networks from which a second factor was shown in it. Another browser ends it for both, since one
 * of them is a thief; from another network nothing is had before a factor was shown, since people do walk from the ward's network into
 * the telephone's. Both are findings. Who also copies the browser's name and sits in its network is not told apart: no TLS
 * fingerprint is known to Node.
 */
import type { Client } from './client.ts';
import { networkOf, shownUserAgent } from './client.ts';
import { named, type PeopleParts, refuse } from './parts.ts';
import type { LiveSession, Session } from './sessions.ts';

type Parts = Pick<PeopleParts, 'sessions' | 'record' | 'now' | 'limits'>;

export class SessionPlaces {
  readonly #parts: Parts;
  /** Networks that were told already, by session; bounded as sessions and their networks are. */
  readonly #told = new Map<number, Set<string>>();

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.sessions.onEnd(({ id }) => void this.#told.delete(id));
  }

  /**
   * To be asked before anything is done with the secret of a cookie. From where it is good, this is a use of the session.
   * @param toProve a factor is about to be shown, or the session is only looked at: that is had from everywhere
   * @throws PeopleRefusedError session-…, session-moved (it has ended then), session-elsewhere
   */
  async check(secret: string, client: Client, { toProve }: { readonly toProve: boolean }): Promise<void> {
    const { sessions, limits } = this.#parts;
    const live = sessions.find(secret);
    const { session } = live;
    if (session.userAgent !== shownUserAgent(client.userAgent, limits)) {
      // First, so that nobody goes on with it while the record is written.
      sessions.end(session.id, 'stolen');
      await this.#tell(live, client, `stolen-session: begun by ${session.userAgent} from ${session.address}`);
      refuse('session-moved');
    }
    if (isOwnNetwork(session, client)) {
      sessions.note(session);
      return;
    }
    if (toProve) return;
    const network = sessionNetwork(client.address);
    if (this.#isNews(session, network)) {
      await this.#tell(live, client, `moved-session: begun from ${session.address}`);
    }
    refuse('session-elsewhere');
  }

  #isNews({ id }: Session, network: string): boolean {
    const told = this.#told.get(id) ?? new Set();
    if (told.has(network) || told.size >= toldMax) return false;
    this.#told.set(id, told.add(network));
    return true;
  }

  #tell({ session, account }: LiveSession, client: Client, detail: string): Promise<void> {
    const { record, now, limits } = this.#parts;
    const userAgent = shownUserAgent(client.userAgent, limits);
    const where = { address: client.address.slice(0, 64), userAgent };
    return record({ kind: 'sign', atMs: now(), account: named(account), sessionId: session.id, detail, ...where });
  }
}

/** Different networks of one session that are worth a record each. */
const toldMax = 8;

/** Was a factor shown in this session from where this browser is? */
export function isOwnNetwork({ networks }: Pick<Session, 'networks'>, { address }: Pick<Client, 'address'>): boolean {
  return networks.includes(sessionNetwork(address));
}

/** `localhost` is one place by both of its addresses. */
export function sessionNetwork(address: string): string {
  const network = networkOf(address);
  return address === '::1' || network === '127.0.0.1' ? 'localhost' : network;
}
