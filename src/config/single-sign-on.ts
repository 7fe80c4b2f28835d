/** The keys of `singleSignOn`: the hospital's OpenID provider, and what its word counts for here. */
import * as v from 'valibot';
import { choice, group, key, type Key, wholeNumber } from './declaration.ts';

/** As for certificates: Node's permission model takes a star as "and everything below". */
const pathForm = /^(?:|\/[^\p{Cc}*]{0,4095})$/u;

const file = (comment: string): Key<string> =>
  key(
    v.pipe(
      v.string('must be text'),
      v.regex(pathForm, 'must be an absolute path, without stars and control characters'),
    ),
    { default: '', values: 'a path', comment },
  );

const line = (charactersMax: number, facts: { readonly default: string; readonly comment: string }): Key<string> =>
  key(
    v.pipe(
      v.string('must be text'),
      v.regex(
        new RegExp(`^[^\\p{Cc}\\p{Cf}]{0,${charactersMax}}$`, 'u'),
        `must be at most ${charactersMax} characters, without control characters`,
      ),
    ),
    { values: 'text', ...facts },
  );

const list = (facts: {
  readonly default: readonly string[];
  readonly values: string;
  readonly comment: string;
}): Key<string[]> =>
  key(
    v.pipe(
      v.array(
        v.pipe(
          v.string('must be text'),
          v.regex(/^[^\p{Cc}\p{Cf}]{1,256}$/u, 'must be 1 to 256 characters, without control characters'),
        ),
        'must be a list',
      ),
      v.maxLength(200, 'must be at most 200'),
    ),
    { ...facts, default: [...facts.default] },
  );

const groups = (role: string): Key<string[]> =>
  list({ default: [], values: 'a list of groups', comment: `Who is in one of these groups is ${role}.` });

/** OpenID Connect Discovery 1.0 2: HTTPS, no query, no fragment. */
const isIssuer = (text: string): boolean => {
  if (text === '') return true;
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return protocol === 'https:' && username === '' && password === '' && !/[?#]/.test(text);
};

export const singleSignOnDeclaration = group(
  "Single sign-on: people sign in at the hospital's OpenID provider. Nothing of it is there until issuer is given. What a person sees " +
    'stays a matter of openings: whoever comes this way without one sees nothing.',
  {
    issuer: key(
      v.pipe(
        v.string('must be text'),
        v.check(isIssuer, 'must be a URL that begins with https://, without query and fragment'),
      ),
      {
        default: '',
        values: 'a URL',
        comment:
          "The provider's issuer, just as it writes it itself: its metadata is read below this address, and what another issuer signs is " +
          'refused. Empty: no single sign-on.',
      },
    ),
    name: line(60, {
      default: 'the hospital account',
      comment: 'How people call it. The button on the sign-in page says "Sign in with" and this.',
    }),
    clientId: line(256, { default: '', comment: 'How the provider calls Leadglass.' }),
    authentication: choice(['secret-basic', 'secret-post', 'private-key'], {
      default: 'secret-basic',
      comment:
        'How Leadglass proves to the provider who it is. secret-basic and secret-post: by the secret of secretFile. private-key: by a ' +
        'signature (private_key_jwt), so that no secret is shared at all.',
    }),
    secretFile: file('The file whose first line is the client secret. Others must not be able to read it.'),
    keyFile: file(
      'For private-key. PEM (PKCS #8): RSA of at least 2048 bits (signs RS256), P-256 (ES256) or Ed25519. Others must not be able to ' +
        'read it; the provider gets the public half.',
    ),
    keyId: line(256, {
      default: '',
      comment: 'For private-key: the name (kid) of that key at the provider, where it wants one.',
    }),
    authorityFile: file(
      'PEM. The authorities that the provider itself must be certified by, as of a server of the hospital; then no others are trusted ' +
        'for it. Empty: the public ones that come with Node.',
    ),
    scopes: list({
      default: ['profile', 'email'],
      values: 'a list of scopes',
      comment: 'What is asked of the provider beside openid. Some need one more for groups, such as "groups".',
    }),
    secondFactor: group(
      'What proves that the provider has seen two factors. One of these must be in the ID token; without it nobody comes in, and no ' +
        'factor is asked for here instead.',
      {
        acr: list({
          default: [],
          values: 'a list of acr values',
          comment: 'Any of these acr values proves it. They are also asked for (acr_values).',
        }),
        amr: list({
          default: [],
          values: 'a list of amr values such as mfa',
          comment:
            'Any of these amr values proves it (RFC 8176). Take only values that stand for two factors, as mfa does; otp or sms alone is one.',
        }),
      },
    ),
    claims: group('Where the provider says what, in the ID token or at its userinfo endpoint.', {
      groups: line(128, { default: 'groups', comment: 'The groups of the person: a list of texts, or one text.' }),
      name: line(128, { default: 'name', comment: 'The name that colleagues know.' }),
      email: line(128, {
        default: 'email',
        comment:
          'The address under which a new account is kept. It is only its name here: who a person is, is told by issuer and subject.',
      }),
      department: line(128, { default: 'department', comment: 'Shown beside the name. It opens nothing.' }),
    }),
    roles: group(
      'Which groups stand for which role. A person has exactly one: who is in no such group, or in groups of two roles, is refused. A ' +
        'change counts from the next sign-in, which ends older sessions.',
      {
        physician: groups('a physician'),
        technologist: groups('a technologist'),
        researcher: groups('a researcher'),
        'exchange-clerk': groups('an exchange clerk'),
        administrator: groups('an administrator'),
        'security-officer': groups('a security officer'),
      },
    ),
    accounts: choice(['by-invitation', 'at-first-sign-in'], {
      default: 'by-invitation',
      comment:
        'by-invitation: whoever comes must have opened an invitation and chosen this way there. at-first-sign-in: whoever has a role ' +
        'by the groups gets an account. Risk: then whoever manages those groups makes accounts, administrators included.',
    }),
    sessionHours: wholeNumber(1, 12, {
      default: 12,
      comment:
        'A session ends after so many hours, and two factors that were shown longer ago are asked for again at the provider. It must ' +
        'say when that was (auth_time).',
    }),
    localSignIn: choice(['everybody', 'administrators'], {
      default: 'everybody',
      comment:
        'Whose passkeys and passwords are still taken here. administrators: for the day on which the provider does not answer; ' +
        'everybody else comes through the provider. It is never nobody.',
    }),
  },
);
