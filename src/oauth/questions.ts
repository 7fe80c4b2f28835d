/** What programs ask of people who are signed in, and what these say. */
import { createHash } from 'node:crypto';
import type { Interaction, Provider } from 'oidc-provider/lib/provider.js';
import { LeadglassError } from '../error.ts';
import type { PersonSession, PersonSessions } from '../guard/identify/person.ts';
import { operationsOfScopes, programScopes, scopesWithin } from '../guard/program-scope.ts';
import type { Program } from '../guard/program.ts';
import { type PersonOperation, type RoleBounds, roleBounds } from '../guard/roles.ts';
import type { ProgramTokens } from './program-tokens.ts';

/** What a person is asked. */
export interface Asking {
  readonly program: { readonly name: string; readonly title: string; readonly host: string };
  /** What it would do; empty when there is nothing that it and the person both may. */
  readonly operations: readonly PersonOperation[];
  readonly account: string;
  readonly minutes: number;
  /** When it goes on without a question: until then at the latest. Absent when it does not. */
  readonly renewedUntilMs?: number;
}

/** For the ledger: a person let a program act, or a code or renewal came a second time. */
export interface ProgramEvent {
  readonly kind: 'program-let' | 'program-reused';
  readonly sessionId: number;
  readonly program: string;
  readonly operations: readonly PersonOperation[];
}

export interface QuestionFacts {
  readonly provider: Provider;
  readonly resource: string;
  readonly tokens: ProgramTokens;
  readonly persons: PersonSessions;
  readonly accessTokenSeconds: number;
  readonly now: () => number;
  /** Durable when it resolves; what it refuses to write is not done. */
  readonly record: (event: ProgramEvent) => Promise<void>;
}

/** Of one question, as it was asked and as it may be answered. */
interface Question {
  readonly session: PersonSession;
  readonly program: Program;
  readonly interaction: Interaction;
  readonly redirectUri: string;
  /** As the program wrote them. */
  readonly scopes: readonly string[];
  /** Of images: those that it was registered for, and the others. */
  readonly given: readonly string[];
  readonly withheld: readonly string[];
  readonly operations: readonly PersonOperation[];
}

export class Questions {
  readonly #facts: QuestionFacts;

  constructor(facts: QuestionFacts) {
    this.#facts = facts;
  }

  /**
   * What the person in this session is asked by the request `uid`.
   * @throws LeadglassError NOT_AUTHENTICATED; NOT_FOUND when the request is over
   */
  async show(secret: string, uid: string): Promise<Asking> {
    const { session, program, operations, redirectUri, scopes } = await this.#question(secret, uid);
    const { tokens, accessTokenSeconds } = this.#facts;
    return {
      program: { name: program.name, title: program.title, host: new URL(redirectUri).host },
      operations,
      account: session.account,
      minutes: accessTokenSeconds / 60,
      ...(scopes.includes('online_access') ? { renewedUntilMs: tokens.endOf(session, program) } : {}),
    };
  }

  /**
   * The person has decided. @returns the path where the browser goes on, which leads back to the program
   * @throws LeadglassError NOT_AUTHENTICATED, NOT_FOUND, LEDGER_UNAVAILABLE
   */
  async decide(secret: string, uid: string, isLet: boolean): Promise<string> {
    const question = await this.#question(secret, uid);
    const { interaction, operations } = question;
    if (!isLet) interaction.result = { error: 'access_denied', error_description: 'the person said no' };
    else if (operations.length === 0) interaction.result = { error: 'invalid_scope' };
    else interaction.result = await this.#let(question);
    await interaction.save(Math.max(1, interaction.exp - Math.floor(this.#facts.now() / 1000)));
    return new URL(interaction.returnTo).pathname;
  }

  /** Recorded first. */
  async #let({
    session,
    program,
    operations,
    scopes,
    given,
    withheld,
  }: Question): Promise<NonNullable<Interaction['result']>> {
    const { provider, resource, tokens, record } = this.#facts;
    const { id: sessionId, account } = session;
    await record({ kind: 'program-let', sessionId, program: program.name, operations });
    const accountId = subjectOf(account);
    const grant = new provider.Grant({ accountId, clientId: program.name });
    const others = scopes.filter((scope) => !programScopes.includes(scope));
    if (others.length > 0) grant.addOIDCScope(others.join(' '));
    grant.addResourceScope(resource, given.join(' '));
    if (withheld.length > 0) grant.rejectResourceScope(resource, withheld.join(' '));
    const id = await grant.save();
    tokens.add({ id, account, sessionId, program: program.name, operations });
    return { login: { accountId, remember: false }, consent: { grantId: id } };
  }

  async #question(secret: string, uid: string): Promise<Question> {
    const { provider, tokens, persons } = this.#facts;
    const session = persons.bySecret(secret);
    if (session === undefined) throw new LeadglassError('NOT_AUTHENTICATED', 'You are not signed in any more');
    const interaction = await provider.Interaction.find(uid);
    const { client_id: name, redirect_uri: redirectUri, scope } = interaction?.params ?? {};
    const program = typeof name === 'string' ? tokens.program(name) : undefined;
    if (interaction === undefined || program === undefined || typeof redirectUri !== 'string') {
      throw new LeadglassError('NOT_FOUND', 'This request is over: begin again in the program');
    }
    const scopes = typeof scope === 'string' ? scope.split(' ') : [];
    const asked = scopes.filter((one) => programScopes.includes(one));
    const within = scopesWithin(program.scope);
    const given = asked.filter((one) => within.includes(one));
    const withheld = asked.filter((one) => !within.includes(one));
    const { operations: held }: RoleBounds = roleBounds[session.role];
    const operations = operationsOfScopes(given).filter((operation) => held.includes(operation));
    return { session, program, interaction, redirectUri, scopes, given, withheld, operations };
  }
}

/** What a program learns of who somebody is: the same each time, and no name or address. */
function subjectOf(account: string): string {
  return createHash('sha256').update(`leadglass subject ${account}`).digest('base64url').slice(0, 32);
}
