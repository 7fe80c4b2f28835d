/** Content negotiation by table: the rules of PS3.18 8.7, and the headers of clients that are in use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../../../error.ts';
import { parseAcceptable } from './accept.ts';
import { HttpError } from './http-error.ts';
import { choose, chooseOrRefuse, type Offer } from './negotiate.ts';

const limits = { acceptRangesMax: 64 };
const explicitLittle = '1.2.840.10008.1.2.1';
const jpegLs = '1.2.840.10008.1.2.4.80';
const jpegBaseline = '1.2.840.10008.1.2.4.50';
const jpegLossless = '1.2.840.10008.1.2.4.70';
const rle = '1.2.840.10008.1.2.5';

interface Named extends Offer {
  readonly id: string;
}

const dicomExplicit = { name: 'application/dicom', transferSyntax: explicitLittle, isDefaultSyntax: true };
const octets = { name: 'application/octet-stream', transferSyntax: explicitLittle, isDefaultSyntax: true };
/** An instance that is stored in JPEG-LS: as stored, which costs least, or decoded, which is the default. */
const instance: readonly Named[] = [
  { id: 'stored', name: 'application/dicom', isMultipart: true, transferSyntax: jpegLs },
  { id: 'explicit', ...dicomExplicit, isMultipart: true, isDefault: true },
  { id: 'single stored', name: 'application/dicom', isMultipart: false, transferSyntax: jpegLs },
  { id: 'single explicit', ...dicomExplicit, isMultipart: false },
  { id: 'octets', ...octets, isMultipart: true },
];
const metadata: readonly Named[] = [
  { id: 'json', name: 'application/dicom+json', isMultipart: false, aliases: ['application/json'] },
  { id: 'xml', name: 'application/dicom+xml', isMultipart: true },
];
const frame: readonly Named[] = [
  { id: 'octets', ...octets, isMultipart: true },
  {
    id: 'jls',
    name: 'image/jls',
    isMultipart: true,
    transferSyntax: jpegLs,
    isDefaultSyntax: true,
    aliases: ['image/x-jls'],
  },
  { id: 'baseline', name: 'image/jpeg', isMultipart: true, transferSyntax: jpegBaseline },
  { id: 'lossless', name: 'image/jpeg', isMultipart: true, transferSyntax: jpegLossless, isDefaultSyntax: true },
  {
    id: 'rle',
    name: 'image/dicom-rle',
    isMultipart: true,
    transferSyntax: rle,
    isDefaultSyntax: true,
    aliases: ['image/x-dicom-rle'],
  },
];
const rendered: readonly Named[] = [
  { id: 'jpeg', name: 'image/jpeg', isMultipart: false },
  { id: 'png', name: 'image/png', isMultipart: false },
  { id: 'gif', name: 'image/gif', isMultipart: false },
];

type Row = readonly [header: string, offers: readonly Named[], expected: string | undefined, query?: string];

function check(rows: readonly Row[]): void {
  for (const [header, offers, expected, query] of rows) {
    const chosen = choose(parseAcceptable({ header, query }, limits), offers);
    assert.equal(chosen?.id, expected, `${header} | ${query}`);
  }
}

test('the standard: weights, the query parameter first, the default for a wildcard (8.7.8.1)', () => {
  check([
    ['application/dicom+json', metadata, 'json'],
    ['multipart/related; type="application/dicom+xml"', metadata, 'xml'],
    ['multipart/related; type=application/dicom+xml', metadata, 'xml'],
    ['application/dicom+json;q=0.5, multipart/related;type="application/dicom+xml"', metadata, 'xml'],
    ['application/dicom+json;q=0.5, multipart/related;type="application/dicom+xml";q=0.4', metadata, 'json'],
    ['application/dicom+xml', metadata, undefined],
    ['*/*', metadata, 'json'],
    ['application/*', metadata, 'json'],
    ['multipart/*', metadata, 'xml'],
    ['multipart/related', metadata, 'xml'],
    // 8.7.7: any media type is the default one, so it never lifts another above one that is named.
    ['application/dicom+json;q=0.1, */*', metadata, 'json'],
    ['application/dicom+json;q=0, */*', metadata, undefined],
    ['image/*', rendered, 'jpeg'],
    ['image/*;q=0.5, image/png', rendered, 'png'],
    ['image/png;q=0, image/*', rendered, 'jpeg'],
    ['*/*', rendered, 'png', 'image/png'],
    ['image/gif', rendered, 'gif', 'image/webp'],
    ['*/*', rendered, 'gif', 'image/png;q=0.5,image/gif'],
    ['image/webp', rendered, undefined],
  ]);
});

test('the standard: the example of table 8.7.8-1', () => {
  const text: readonly Named[] = [
    { id: 'html', name: 'text/html', isMultipart: false },
    { id: 'level 1', name: 'text/html', isMultipart: false, parameters: { level: '1' } },
    { id: 'level 2', name: 'text/html', isMultipart: false, parameters: { level: '2' } },
    { id: 'rtf', name: 'text/rtf', isMultipart: false },
  ];
  const header =
    'text/*; q=0.5, text/html; q=0.4, text/html; level=1, text/html; level=2; q=0.7, image/png, */*; q=0.4';
  check([
    [header, text, 'level 1'],
    [header, text.filter(({ id }) => id !== 'level 1'), 'level 2'],
    [header, text.filter(({ id }) => !id.startsWith('level')), 'rtf'],
    [header, text.slice(0, 1), 'html'],
  ]);
});

test('the standard: one transfer syntax, any, or the default one (8.7.3.5.2, 8.7.8.2)', () => {
  check([
    ['multipart/related; type="application/dicom"', instance, 'explicit'],
    ['multipart/related; type="application/dicom"; transfer-syntax=*', instance, 'stored'],
    [`multipart/related; type="application/dicom"; transfer-syntax=${jpegLs}`, instance, 'stored'],
    [`multipart/related; type="application/dicom"; transfer-syntax=${rle}`, instance, undefined],
    [
      `multipart/related; type="application/dicom";transfer-syntax=${jpegLs};q=0.5;boundary=**, multipart/related; type="application/dicom"`,
      instance,
      'explicit',
    ],
    ['application/dicom', instance, 'single explicit'],
    ['application/dicom; transfer-syntax=*', instance, 'single stored'],
    ['multipart/related; type="application/octet-stream"', instance, 'octets'],
    ['*/*', instance, 'explicit'],
    ['multipart/related; type="image/*"; boundary=**', frame, 'jls'],
    ['multipart/related; type="image/jpeg"', frame, 'lossless'],
    [`multipart/related; type="image/jpeg"; transfer-syntax=${jpegBaseline}`, frame, 'baseline'],
    // 8.7.4: none is permitted for rendered media types, and what is not supported is ignored.
    [`image/png; transfer-syntax=${jpegBaseline}`, rendered, 'png'],
  ]);
});

test('the standard: what is not valid in the header is ignored (8.7.7)', () => {
  check([
    ['nonsense, application/dicom+json', metadata, 'json'],
    ['application/dicom+json;q=2, multipart/related;type="application/dicom+xml";q=0.1', metadata, 'xml'],
    ['application/dicom+json;q=0.1234', metadata, undefined],
    ['application/dicom+json; profile="x, y"; version=2', metadata, 'json'],
    ['application/dicom+json; a=1; a=2', metadata, undefined],
    ['appl*/x, a/*b, */x', metadata, undefined],
    ['"unclosed, application/dicom+json', metadata, undefined],
    ['', metadata, undefined],
    [',, ,application/dicom+json,', metadata, 'json'],
  ]);
});

test('of two ranges that describe an offer equally the kinder one counts, one that says more than we know counts less', () => {
  const xml = 'multipart/related;type="application/dicom+xml";q=0.5';
  check([
    [`application/dicom+json;q=0.2, application/dicom+json;q=0.8, ${xml}`, metadata, 'json'],
    [`application/dicom+json;q=0.8, application/dicom+json;q=0.2, ${xml}`, metadata, 'json'],
    [`application/dicom+json;q=0.2, application/dicom+json;profile=x;q=0.9, ${xml}`, metadata, 'xml'],
    [`application/dicom+json;profile=x;q=0.9, application/dicom+json;q=0.2, ${xml}`, metadata, 'xml'],
    // No weight is a whole one, in front of it or behind.
    ['application/dicom+json;q=1, multipart/related;type="application/dicom+xml"', metadata, 'json'],
    ['multipart/related;type="application/dicom+xml", application/dicom+json;q=1.000', metadata, 'json'],
  ]);
  const levels: readonly Named[] = [
    { id: 'level 1', name: 'text/html', isMultipart: false, parameters: { level: '1' } },
    { id: 'rtf', name: 'text/rtf', isMultipart: false },
  ];
  check([
    ['text/html;level=2, text/rtf;q=0.1', levels, 'rtf'],
    ['text/html;level=2', levels, undefined],
  ]);
});

test('hostile: a type within the quotes of multipart/related that is none means nothing, not anything', () => {
  check([
    ['multipart/related; type="nonsense"', metadata, undefined],
    ['multipart/related; type=""', metadata, undefined],
    ['multipart/related; type="*/x", application/dicom+json;q=0.1', metadata, 'json'],
    ['multipart/related; type="appl*/dicom+xml"', metadata, undefined],
    ['*/dicom+json', metadata, undefined],
    ['*/*json', metadata, undefined],
  ]);
});

test('deployed clients: viewers', () => {
  check([
    // OHIF and its image loaders.
    ['multipart/related; type=application/octet-stream; transfer-syntax=*', frame, 'octets'],
    [`multipart/related; type="image/jls"; transfer-syntax=${jpegLs}`, frame, 'jls'],
    ['multipart/related; type="application/octet-stream"', frame, 'octets'],
    ['application/dicom+json', metadata, 'json'],
    // dicomweb-client for JavaScript.
    [
      `multipart/related; type="image/x-dicom-rle"; transfer-syntax=${rle}, multipart/related; type="image/x-jls"; transfer-syntax=${jpegLs};q=0.9`,
      frame,
      'rle',
    ],
    ['multipart/related; type="application/dicom"; transfer-syntax=*', instance, 'stored'],
    // Browsers: an <img>, a typed address, fetch without headers, axios.
    ['image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', rendered, 'jpeg'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8', rendered, 'jpeg'],
    ['application/json, text/plain, */*', metadata, 'json'],
  ]);
});

test('deployed clients: servers and scripts', () => {
  check([
    // Orthanc as client.
    ['application/json', metadata, 'json'],
    ['multipart/related; type=application/dicom;transfer-syntax=*', instance, 'stored'],
    // dcm4che and dcm4chee; the latter's question whether the syntax stands within the quotes.
    ['multipart/related;type=application/dicom', instance, 'explicit'],
    [`multipart/related;type="application/dicom;transfer-syntax=${jpegLs}"`, instance, 'stored'],
    // dicomweb-client for Python.
    [
      `multipart/related; type="application/dicom"; transfer-syntax=*, multipart/related; type="application/dicom"; transfer-syntax=${explicitLittle}`,
      instance,
      'stored',
    ],
    ['application/dicom+json, application/json', metadata, 'json'],
    ['multipart/related; type="application/octet-stream", multipart/related; type="image/jp2"', frame, 'octets'],
    // curl.
    ['*/*', metadata, 'json'],
    ['*/*', instance, 'explicit'],
  ]);
});

test('a request without Accept is not acceptable, whatever its query says (8.7.5)', () => {
  for (const query of [undefined, 'image/png']) {
    assert.throws(() => parseAcceptable({ header: undefined, query }, limits), { status: 406 });
  }
});

test('DICOM and rendered media types in one request are refused (8.7.5)', () => {
  const isRefused = (header: string, query?: string): boolean => {
    try {
      parseAcceptable({ header, query }, limits);
      return false;
    } catch (error) {
      assert.ok(error instanceof LeadglassError && error.code === 'BAD_REQUEST');
      return true;
    }
  };
  assert.ok(isRefused('application/dicom, image/jpeg'));
  assert.ok(isRefused('application/dicom+json', 'image/png'));
  assert.ok(isRefused('*/*', 'multipart/related; type="application/dicom", text/html'));
  assert.ok(!isRefused('application/dicom, image/jpeg;q=0'));
  assert.ok(isRefused('application/dicom, image/jpeg;q=0.001'));
  assert.ok(!isRefused('multipart/related; type="application/dicom", multipart/related; type="image/jpeg"'));
  assert.ok(!isRefused('application/dicom, */*'));
});

test('the accept parameter must list media types without wildcards (8.3.3.1)', () => {
  for (const query of ['*/*', 'image/*', 'nonsense', '', 'image/png,', 'a/b;q=x', '"']) {
    assert.throws(() => parseAcceptable({ header: '*/*', query }, limits), { code: 'BAD_REQUEST' }, query);
  }
});

test('the transfer syntaxes of the URI service count where the media type says none (8.7.8.2)', () => {
  const asked = (query: string): string | undefined =>
    choose(parseAcceptable({ header: '*/*', query, transferSyntaxes: [jpegLs] }, limits), instance)?.id;
  assert.equal(asked('application/dicom'), 'single stored');
  assert.equal(asked(`application/dicom;transfer-syntax=${explicitLittle}`), 'single explicit');
});

test('a refusal names what there is', () => {
  const acceptable = parseAcceptable({ header: 'image/webp' }, limits);
  assert.equal(chooseOrRefuse(parseAcceptable({ header: '*/*' }, limits), frame).id, 'octets');
  assert.throws(
    () => chooseOrRefuse(acceptable, frame),
    (error) => {
      assert.ok(error instanceof HttpError);
      assert.equal(error.status, 406);
      assert.match(
        error.message,
        /multipart\/related; type="image\/jls"; transfer-syntax=1\.2\.840\.10008\.1\.2\.4\.80/,
      );
      return true;
    },
  );
});

test('a flood of media ranges is refused', () => {
  const header = Array.from({ length: 65 }, () => 'a/b').join(',');
  assert.throws(() => parseAcceptable({ header }, limits), { code: 'LIMIT_EXCEEDED' });
  assert.doesNotThrow(() => parseAcceptable({ header: header.slice(4) }, limits));
});
