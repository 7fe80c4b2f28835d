/**
 * Our own authorization server (RFC 6749, 7636, 9207, 7009): registered programs ask people, who let them act in their name for minutes.
 * Closed and unseen while no program is registered. The protocol is the library's (provider.ts); who is asked is in questions.ts, when it
 * all ends in program-tokens.ts.
 */
import { LeadglassError } from '../error.ts';
import type { Log } from '../log.ts';
import { AskingShares } from './asking-shares.ts';
import { InProcess } from './in-process.ts';
import { asServed, resourceMetadata } from './metadata.ts';
import { ProgramTokens, type ProgramTokenFacts } from './program-tokens.ts';
import { makeProvider, type ProviderFacts, routes } from './provider.ts';
import { type Asking, type ProgramEvent, Questions } from './questions.ts';
import {
  innerRequest,
  metadataPaths,
  methodsOf,
  type OAuthAnswer,
  type OAuthRequest,
  outerAnswer,
  resourceMetadataPath,
  wrongAsked,
} from './requests.ts';

export interface AuthorizationServerFacts extends Pick<ProgramTokenFacts, 'programs' | 'persons' | 'now'> {
  /** `https://host:port` of the web door; undefined while it is closed. */
  readonly origin: () => string | undefined;
  /** Path of DICOMweb below it. */
  readonly resourcePath: string;
  readonly limits: ProgramTokenFacts['limits'] &
    ProviderFacts['limits'] & {
      readonly askingPerNetworkMax: number;
      readonly queryCharactersMax: number;
      readonly bodyBytesMax: number;
      readonly answerBytesMax: number;
    };
  /** Durable when it resolves; what it refuses to write is not done. */
  readonly record: (event: ProgramEvent) => Promise<void>;
  readonly log: Log;
}

/** The library, once it is there. */
interface Running {
  readonly origin: string;
  readonly resource: string;
  readonly inside: InProcess;
  readonly questions: Questions;
}

export class AuthorizationServer implements Disposable {
  readonly tokens: ProgramTokens;
  readonly #facts: AuthorizationServerFacts;
  #running: Promise<Running> | undefined;

  constructor(facts: AuthorizationServerFacts) {
    this.#facts = facts;
    this.tokens = new ProgramTokens({ ...facts, resource: () => this.#resource() });
  }

  /** Is this path ours, as things stand? While no program may ask, nothing is: a stranger sees what was there before. */
  covers(path: string): boolean {
    return methodsOf(path) !== undefined && this.#isOpen();
  }

  /** Origins of the pages that may read our answers: those to which people come back. */
  origins(): readonly string[] {
    const programs = this.#facts.programs.open(this.#facts.now());
    return [...new Set(programs.flatMap(({ redirectUris }) => redirectUris.map((uri) => new URL(uri).origin)))];
  }

  /** For WWW-Authenticate (RFC 9728 5.1); undefined while no program may ask. */
  metadataUrl(): string | undefined {
    const origin = this.#facts.origin();
    return origin === undefined || !this.#isOpen() ? undefined : origin + resourceMetadataPath;
  }

  used(token: string): void {
    this.tokens.used(token);
  }

  /** @throws LeadglassError NOT_FOUND, LIMIT_EXCEEDED, INTERNAL */
  async answer(request: OAuthRequest): Promise<OAuthAnswer> {
    const methods = methodsOf(request.path);
    if (methods === undefined || !this.#isOpen()) throw closed();
    if (!methods.includes(request.method)) {
      return { status: 405, headers: [['allow', methods.join(', ')]], body: new Uint8Array() };
    }
    const { bodyBytesMax, queryCharactersMax } = this.#facts.limits;
    const wrong = wrongAsked(request, queryCharactersMax);
    if (wrong !== undefined) return wrong;
    if (request.path === resourceMetadataPath) {
      return resourceMetadata(this.#facts.origin() ?? '', this.#resource() ?? '');
    }
    const { inside, origin, resource } = await this.#run();
    const { host } = new URL(origin);
    const answer = outerAnswer(await inside.ask(await innerRequest(request, { host, bodyBytesMax })));
    return metadataPaths.includes(request.path) ? asServed(answer, resource) : answer;
  }

  /** As Questions.show. */
  async asking(secret: string, uid: string): Promise<Asking> {
    const { questions } = await this.#run();
    return await questions.show(secret, uid);
  }

  /** As Questions.decide. */
  async decide(secret: string, uid: string, isLet: boolean): Promise<string> {
    const { questions } = await this.#run();
    return await questions.decide(secret, uid, isLet);
  }

  [Symbol.dispose](): void {
    this.tokens[Symbol.dispose]();
    void this.#running?.then(({ inside }) => inside[Symbol.dispose]()).catch(() => undefined);
  }

  #isOpen(): boolean {
    const { origin, programs, now } = this.#facts;
    return origin() !== undefined && programs.open(now()).length > 0;
  }

  #resource(): string | undefined {
    const origin = this.#facts.origin();
    return origin === undefined ? undefined : origin + this.#facts.resourcePath;
  }

  /** The library is loaded and set up once; what fails is tried again at the next request. */
  #run(): Promise<Running> {
    if (this.#running !== undefined) return this.#running;
    const running = this.#start();
    running.catch(() => (this.#running = undefined));
    this.#running = running;
    return running;
  }

  async #start(): Promise<Running> {
    const { limits, log, persons, now, record } = this.#facts;
    const { tokens } = this;
    const [origin, resource] = [this.#facts.origin(), this.#resource()];
    if (origin === undefined || resource === undefined) throw closed();
    const shares = new AskingShares(tokens.store, limits.askingPerNetworkMax);
    const provider = await makeProvider({
      issuer: origin,
      resource,
      store: tokens.store,
      asked: (uid, address) => shares.add(uid, address),
      program: (name) => tokens.program(name),
      secondsLeft: (grantId) => tokens.secondsLeft(grantId),
      limits,
    });
    const refused = (_context: unknown, error: unknown): void => {
      const { error: code, error_description: why } = Object(error);
      log.info('oauth.refused', { code: String(code), detail: String(why).slice(0, 200) });
    };
    for (const event of ['authorization.error', 'grant.error', 'revocation.error']) provider.on(event, refused);
    provider.on('server_error', (_context, error) => log.error('oauth.failed', { detail: String(error) }));
    provider.on('grant.revoked', (context, grantId) => this.#revoked(context, String(grantId)));
    const { accessTokenSeconds } = limits;
    const questions = new Questions({ provider, resource, tokens, persons, accessTokenSeconds, now, record });
    return { origin, resource, inside: new InProcess(provider.callback(), limits), questions };
  }

  /** By the library: because the program gave it back, or because a code or renewal came that was used before. */
  #revoked(context: unknown, grantId: string): void {
    const grant = this.tokens.takeEnded(grantId);
    if (grant === undefined || Object(context).path !== routes.token) return;
    const { sessionId, program, operations } = grant;
    this.#facts.record({ kind: 'program-reused', sessionId, program, operations }).catch((error: unknown) => {
      this.#facts.log.error('oauth.reuse-unrecorded', { detail: String(error) });
    });
  }
}

const closed = (): LeadglassError => new LeadglassError('NOT_FOUND', 'There is no such page');
