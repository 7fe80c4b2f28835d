/**
 * Every key of leadglass.yaml: what it does, what it may be, what it is when nobody says anything. The file written at
 * the first start, docs/reference/configuration.md and the checks all come from here. Openings and devices are not
 * configuration: they live in the guard's database and are made with `leadglass device add`.
 */
import { isIP } from 'node:net';
import * as v from 'valibot';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { accessTokensDeclaration } from './access-tokens.ts';
import { choice, group, key, wholeNumber, yesOrNo } from './declaration.ts';
import type { ValueOf } from './declaration.ts';
import { singleSignOnDeclaration } from './single-sign-on.ts';
import { webCertificateDeclaration } from './web-certificate.ts';

const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const isHost = (text: string): boolean => isIP(text) !== 0 || (hostName.test(text) && !/^[\d.]+$/.test(text));

const aeTitle = v.pipe(
  v.string('must be text'),
  v.check((text) => {
    try {
      return parseAeTitle(text, 'aeTitle') === text;
    } catch {
      return false;
    }
  }, 'must be an AE title: 1 to 16 printable ASCII characters, no backslash, no outer spaces'),
);
const host = v.pipe(v.string('must be text'), v.check(isHost, 'must be a host name or an IP address'));
const isLoopback = (name: string): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(name);
/** Pages that came without TLS could be anybody's, but for those of this machine. */
const isOrigin = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { origin, protocol, hostname } = new URL(text);
  return origin === text && (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname)));
};
const origin = v.pipe(
  v.string('must be text'),
  v.check(isOrigin, 'must be an origin: https://host or https://host:port, small letters, nothing behind it'),
);
const address = v.pipe(
  v.string('must be text'),
  v.check(
    (text) => isIP(text) !== 0,
    'must be an IP address of this machine; 127.0.0.1 is this machine only, 0.0.0.0 is every network',
  ),
);

/** Those of the guard; a test holds them together. */
export const roleNames = [
  'physician',
  'technologist',
  'researcher',
  'exchange-clerk',
  'administrator',
  'security-officer',
] as const;
type RoleName = (typeof roleNames)[number];

const port = (preset: number, comment: string): ReturnType<typeof wholeNumber> =>
  wholeNumber(0, 65_535, { default: preset, comment: `${comment} 0 takes any free port, for tests.` });

export const configDeclaration = group('Leadglass', {
  aeTitle: key(aeTitle, {
    default: 'LEADGLASS',
    values: 'an AE title',
    comment: 'Our AE title. A device must call us by it; any other called AE title is refused.',
  }),
  names: key(
    v.pipe(
      v.array(host, 'must be a list'),
      v.minLength(1, 'must name at least one host'),
      v.maxLength(50, 'must be at most 50 names'),
    ),
    {
      default: ['localhost', '127.0.0.1', '::1'] as string[],
      values: 'a list of host names and IP addresses',
      comment:
        'The names and addresses by which devices and browsers reach this machine. They go into the server certificates ' +
        'of both doors; a change makes new ones at the next start. The first one is what new devices are told to call.',
    },
  ),
  doors: group('The listeners. A port that is not named here is not open.', {
    dimse: group('DICOM (DIMSE) over mutual TLS: every device needs a certificate and an opening.', {
      host: key(address, {
        default: '127.0.0.1',
        values: 'an IP address of this machine',
        comment:
          'Where it listens. The default reaches no further than this machine. Another address lets the network in: the ' +
          'certificate check still stands, but `leadglass status` says so from then on.',
      }),
      port: port(2762, 'Registered for DICOM over TLS.'),
      minTlsVersion: choice(['1.2', '1.3'], {
        default: '1.2',
        comment:
          'The oldest TLS version taken. 1.2 is limited to forward-secret AEAD suites (BCP 195); 1.3 is better once ' +
          'every device can do it.',
      }),
    }),
    console: group('HTTPS: the console for people, DICOMweb at /dicom-web, and /health.', {
      enabled: yesOrNo({ default: true, comment: 'false keeps this port closed.' }),
      host: key(address, {
        default: '127.0.0.1',
        values: 'an IP address of this machine',
        comment: 'Where it listens; as doors.dimse.host.',
      }),
      port: port(8443, 'The usual second HTTPS port.'),
      certificate: webCertificateDeclaration,
      corsOrigins: key(v.pipe(v.array(origin, 'must be a list'), v.maxLength(50, 'must be at most 50 origins')), {
        default: [] as string[],
        values: 'a list of origins such as https://viewer.example:3000',
        comment:
          'Web pages of these origins may use DICOMweb with a token, as a viewer that is served elsewhere. Risk: whoever can ' +
          'change such a page reads what its users may read. Pages of every other origin are refused.',
      }),
    }),
    plain: group(
      'DICOM without TLS, for devices that cannot do it. Nothing listens here until `leadglass device add --plain` makes ' +
        'an exception, with named addresses and an end date.',
      {
        host: key(address, {
          default: '127.0.0.1',
          values: 'an IP address of this machine',
          comment:
            'Where the exceptions listen. Risk: whoever can read this network reads the images and the names in them. ' +
            'Use a network of its own.',
        }),
        firstPort: wholeNumber(1, 65_000, {
          default: 11_112,
          comment: 'Each exception has its own port; they are given out upwards from here.',
        }),
      },
    ),
  }),
  singleSignOn: singleSignOnDeclaration,
  accessTokens: accessTokensDeclaration,
  people: group('People with accounts; the accounts themselves are no configuration.', {
    workstationRoles: key(
      v.pipe(
        v.array(v.picklist(roleNames, `must be one of ${roleNames.join(', ')}`), 'must be a list'),
        v.maxLength(roleNames.length, 'names a role twice'),
      ),
      {
        default: [] as RoleName[],
        values: `a list of roles: ${roleNames.join(', ')}`,
        comment:
          'Who has one of these roles works at enrolled workstations only (leadglass device add --purpose workstation-…): a session ' +
          'anywhere else signs in and may do nothing. A workstation bounds what is done at it whatever stands here. Enrol one ' +
          'before you name the administrator; without one the command line on this machine still can.',
      },
    ),
  }),
  archive: group('The own archive.', {
    retentionDays: wholeNumber(0, 36_500, {
      default: 3650,
      comment:
        'A study cannot be removed before this many days after it last changed. What must be kept, and how long, is a ' +
        'matter of law: ask before making it shorter. 0 allows removal at once.',
    }),
    preamblePolicy: choice(['keep-hand-out-zeroed', 'zero', 'keep-tiff', 'quarantine'], {
      default: 'keep-hand-out-zeroed',
      comment:
        'The first 128 bytes of a DICOM file may hold a program. keep-hand-out-zeroed: stored whole, handed out as zeros ' +
        'where it looks like a program. zero: always stored and handed out as zeros. keep-tiff: as zero, but a TIFF header (whole ' +
        'slide images) stays. quarantine: a file with a program there is refused.',
    }),
    privateSopClasses: yesOrNo({
      default: false,
      comment:
        'May "leadglass import" take storage SOP classes that are not in the standard? Risk: data nobody can read later. ' +
        'A device needs it in its opening (device add --private-sop-classes), whatever stands here.',
    }),
  }),
  ledger: group('The audit trail.', {
    checkpointMinutes: wholeNumber(1, 1440, {
      default: 10,
      comment: 'A signed checkpoint at least this often while records come in. Keep copies of checkpoints elsewhere.',
    }),
    checkpointRecords: wholeNumber(1, 1_000_000, {
      default: 1000,
      comment: 'And after at most this many records.',
    }),
  }),
  log: group('The log on standard error: events only, never patient data.', {
    level: choice(['debug', 'info', 'warn', 'error'], {
      default: 'info',
      comment: 'Events below this level are dropped.',
    }),
    format: choice(['auto', 'json', 'text'], {
      default: 'auto',
      comment: 'auto: text on a terminal, JSON lines elsewhere.',
    }),
  }),
});

export type Config = ValueOf<typeof configDeclaration>;
