/** The keys of `doors.console.certificate`: where the certificate of the HTTPS door comes from. */
import { isIP } from 'node:net';
import * as v from 'valibot';
import { choice, group, key, yesOrNo } from './declaration.ts';

/** Node's permission model takes a star as "and everything below"; the launcher hands paths on one a line. */
const pathForm = /^\/[^\p{Cc}*]{0,4095}$/u;
const path = v.pipe(
  v.string('must be text'),
  v.regex(pathForm, 'must be an absolute path, without stars and control characters'),
);
const pathOrNone = v.union([v.literal(''), path], 'must be an absolute path, without stars and control characters');
const identityFiles = v.strictObject(
  { certificate: path, key: path, passphraseFile: v.optional(path) },
  'must hold certificate, key and, for an encrypted key, passphraseFile: absolute paths',
);

/** RFC 8555 7.1: HTTPS always; nothing secret stands in it, and nothing of it is looked at but by the ACME server. */
const isDirectoryUrl = (text: string): boolean => {
  if (text === '') return true;
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '';
};
const dnsName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const isDnsName = (text: string): boolean => dnsName.test(text) && isIP(text) === 0;

export const webCertificateDeclaration = group(
  'The certificate that this door shows to browsers and viewers. Whatever it is, the certificates of devices are always those ' +
    'of our own authority or pinned ones, and the DIMSE door keeps its own.',
  {
    from: choice(['own-authority', 'files', 'acme'], {
      default: 'own-authority',
      comment:
        'own-authority: made by Leadglass; browsers must be told to trust certificates/authority-root.pem. files: given as files, taken ' +
        'again when they change. acme: fetched and renewed from an ACME server. Names that the chosen one does not cover get that of our ' +
        'own authority, and so do all while there is no other.',
    }),
    files: key(v.pipe(v.array(identityFiles, 'must be a list'), v.maxLength(16, 'must be at most 16')), {
      default: [] as v.InferOutput<typeof identityFiles>[],
      values: 'a list of {certificate: PATH, key: PATH, passphraseFile: PATH}',
      comment:
        "For from: files. PEM; the certificate's file holds the server's own, then what signed it. Of several the first that covers the name " +
        'that a client asks for (SNI) is shown, else the first. Key and passphrase (first line) must not be readable by others. New ' +
        'paths count from the next start, new contents within seconds.',
    }),
    acme: group(
      'For from: acme (RFC 8555). The server is asked by no other way than HTTPS, and proves the names by TLS-ALPN.',
      {
        directoryUrl: key(
          v.pipe(v.string('must be text'), v.check(isDirectoryUrl, 'must be a URL that begins with https://')),
          {
            default: '',
            values: 'a URL',
            comment:
              "The ACME server's directory. Leadglass connects to this host and port only, and follows no redirect.",
          },
        ),
        authorityFile: key(pathOrNone, {
          default: '',
          values: 'a path',
          comment:
            'PEM. The authorities that the ACME server itself must be certified by, as of a server of the hospital; then no others are ' +
            'trusted for it. Empty: the public ones that come with Node.',
        }),
        names: key(
          v.pipe(
            v.array(
              v.pipe(
                v.string('must be text'),
                v.check(isDnsName, 'must be a host name in small letters, no address, no star'),
              ),
              'must be a list',
            ),
            v.maxLength(50, 'must be at most 50 names'),
          ),
          {
            default: [] as string[],
            values: 'a list of host names',
            comment:
              'The names to ask for. The ACME server must reach each of them on port 443 and arrive at this door: set its port to 443, or have ' +
              'port 443 forwarded to it.',
          },
        ),
        contact: key(
          v.pipe(
            v.array(
              v.pipe(
                v.string('must be text'),
                v.regex(/^[^\s@,?<>:]{1,64}@[a-z0-9.-]{1,190}$/i, 'must be an e-mail address'),
              ),
              'must be a list',
            ),
            v.maxLength(5, 'must be at most 5 addresses'),
          ),
          {
            default: [] as string[],
            values: 'a list of e-mail addresses',
            comment: 'Where the ACME server may write to about the account.',
          },
        ),
        termsOfServiceAgreed: yesOrNo({
          default: false,
          comment:
            'true says that you have read the terms of service of this ACME server and agree; nothing is asked of it before.',
        }),
        externalAccount: group('Only where the ACME server wants an account of its operator (RFC 8555 7.3.4).', {
          keyId: key(v.pipe(v.string('must be text'), v.maxLength(256, 'must be at most 256 characters')), {
            default: '',
            values: 'text',
            comment: 'The identifier that its operator gave you.',
          }),
          keyFile: key(pathOrNone, {
            default: '',
            values: 'a path',
            comment:
              'The file whose first line is the key that belongs to it, in base64url. Others must not be able to read it.',
          }),
        }),
      },
    ),
  },
);
