/** The keys of `accessTokens`: another provider's access tokens, taken for DICOMweb. */
import * as v from 'valibot';
import { group, key } from './declaration.ts';

/** Node's permission model takes a star as "and everything below"; the launcher hands paths on one a line. */
const pathForm = /^(?:|\/[^\p{Cc}*]{0,4095})$/u;
const words = v.pipe(
  v.string('must be text'),
  v.regex(/^[\x21-\x7e]{1,256}$/, 'must be 1 to 256 printable characters'),
);

/** Those that sign with a private key; what shares a secret, and `none`, cannot be named. */
const tokenAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

const isUrl = (text: string): boolean => {
  if (text === '') return true;
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return protocol === 'https:' && username === '' && password === '' && hash === '';
};
const url = v.pipe(v.string('must be text'), v.check(isUrl, 'must be a URL that begins with https://'));

const list = (comment: string) =>
  key(v.pipe(v.array(words, 'must be a list'), v.maxLength(20, 'must be at most 20')), {
    default: [] as string[],
    values: 'a list of values',
    comment,
  });

export const accessTokensDeclaration = group(
  "Access tokens of the hospital's own provider (JWT, RFC 9068), taken for DICOMweb beside our own. Nothing of it is there until issuer is " +
    'given. A token gives its person what is open for that person here, narrowed by its scope (user/ImagingStudy.rs), and no more.',
  {
    issuer: key(url, {
      default: '',
      values: 'a URL',
      comment: "The provider's issuer, just as it writes it into its tokens. Empty: no tokens but our own.",
    }),
    audience: key(v.union([v.literal(''), words]), {
      default: '',
      values: 'text',
      comment: 'What the provider calls this server in its tokens (aud). A token for another server is refused.',
    }),
    keysUrl: key(url, {
      default: '',
      values: 'a URL',
      comment:
        "Where the provider's public keys are (JWKS). Leadglass connects to this host and port only, when a token comes, and follows no redirect.",
    }),
    authorityFile: key(
      v.pipe(
        v.string('must be text'),
        v.regex(pathForm, 'must be an absolute path, without stars and control characters'),
      ),
      {
        default: '',
        values: 'a path',
        comment:
          'PEM. The authorities that must have certified the server of keysUrl; then no others are trusted for it. Empty: the public ones ' +
          'that come with Node.',
      },
    ),
    algorithms: key(
      v.pipe(
        v.array(v.picklist(tokenAlgorithms, `must be one of ${tokenAlgorithms.join(', ')}`), 'must be a list'),
        v.minLength(1, 'must name one'),
        v.maxLength(tokenAlgorithms.length),
      ),
      {
        default: ['RS256'] as (typeof tokenAlgorithms)[number][],
        values: `a list of ${tokenAlgorithms.join(', ')}`,
        comment: 'The signatures that count. Name those that the provider uses, and no more.',
      },
    ),
    accountClaim: key(words, {
      default: 'sub',
      values: 'text',
      comment:
        'Which claim holds the e-mail address of the account here. Risk: whoever can have another address written there at the provider ' +
        'is that person here; take a claim that people cannot change themselves.',
    }),
    acr: list('The token must have one of these acr values: they prove that the provider has seen two factors.'),
    amr: list(
      'Or one of these amr values (RFC 8176) that stand for two factors, as mfa does; otp or sms alone is one.',
    ),
  },
);
