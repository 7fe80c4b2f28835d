/** CDA documents as pages and texts: what is kept of the narrative, and what a hostile document tries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LeadglassError } from '../../error.ts';
import { limits } from '../../limits.ts';
import { cdaHtml, cdaText } from './cda-page.ts';
import { type CdaDocument, readCda } from './read-cda.ts';
import { decodeXml, readXmlTree } from './xml-tree.ts';

function cda(narrative: string, head = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="https://evil.example/x.xsl"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<title>Discharge letter</title><effectiveTime value="20240131101500+0100"/><languageCode code="de-CH"/>
<recordTarget><patientRole><id root="1.2.3" extension="P1"/><patient><name><given>Jane</given> <family>Doe</family></name>
<administrativeGenderCode code="F" displayName="female"/><birthTime value="19700102"/></patient></patientRole></recordTarget>
${head}
<component><structuredBody><component><section><title>Findings</title><text>${narrative}</text>
<component><section><title>More</title><text>below</text></section></component></section></component></structuredBody></component>
</ClinicalDocument>`;
}

function read(text: string): CdaDocument {
  const document = readCda(readXmlTree(text, limits.cda));
  assert.ok(document !== undefined);
  return document;
}

const html = (narrative: string): string => cdaHtml(read(cda(narrative)));

test('head, sections, lists and tables are on the page', () => {
  const page = html(
    '<paragraph>Two <content styleCode="Bold">large</content> nodules &amp; more</paragraph>' +
      '<list listType="ordered"><item>one</item><item>two<br/>three</item></list>' +
      '<table border="1"><caption>Labs</caption><thead><tr><th>Test</th></tr></thead><tbody><tr><td colspan="2">Na</td></tr></tbody></table>',
  );
  for (const piece of [
    '<h1 lang="de-CH" dir="auto">Discharge letter</h1>',
    '<dd dir="auto">Jane Doe</dd>',
    '<dd dir="auto">2024-01-31 10:15:00 +01:00</dd>',
    '<h2>Findings</h2>',
    '<h3>More</h3>',
    'Two <strong>large</strong> nodules &amp; more',
    '<ol><li>one</li>\n<li>two<br>three</li>\n</ol>',
    '<table><caption>Labs</caption>\n<thead><tr><th>Test</th></tr>\n</thead>\n<tbody><tr><td colspan="2">Na</td></tr>',
  ]) {
    assert.ok(page.includes(piece), piece);
  }
});

test('the plain text has the same words, line by line', () => {
  const text = cdaText(
    read(
      cda(
        '<paragraph>One\n two</paragraph><list><item>a</item><item>b</item></list><table><tr><td>Na</td><td>140</td></tr></table>',
      ),
    ),
  );
  assert.match(text, /^Discharge letter\n=+\nPatient: Jane Doe\nPatient ID: P1\nBorn: 1970-01-02\nSex: female\n/);
  assert.match(text, /\nFindings\n--------\nOne two\n- a\n- b\nNa\t140\n\nMore\n----\nbelow\n$/);
});

const attacks = [
  '<script>alert(1)</script>',
  '<paragraph onclick="alert(1)" style="background:url(https://evil.example)">x</paragraph>',
  '<content styleCode="Bold&quot; onclick=&quot;alert(1)">x</content>',
  '<linkHtml href="javascript:alert(1)">x</linkHtml>',
  '<renderMultiMedia referencedObject="https://evil.example/x.png"/>',
  '<img src="x" onerror="alert(1)"/>',
  '<iframe src="https://evil.example"/>',
  '<table><script>alert(1)</script><tr onclick="x"><td colspan="2&quot; onclick=&quot;x" rowspan="9999">y</td></tr></table>',
  '<svg:svg xmlns:svg="http://www.w3.org/2000/svg" onload="alert(1)"><svg:script>alert(1)</svg:script></svg:svg>',
  '<![CDATA[<script>alert(1)</script>]]>',
  '&lt;script&gt;alert(1)&lt;/script&gt;&#60;img src=x onerror=alert(1)&#62;',
  '</style><style>*{background:red}</style>'.replace('</style>', ''),
];

test('nothing of the document becomes markup but what is on the list', () => {
  const own = new Set(
    (
      '!doctype html head meta title style body main header h1 h2 h3 dl div dt dd article section p strong em span small ul ol li ' +
      'table caption thead tbody tfoot tr th td br sub sup'
    ).split(' '),
  );
  for (const attack of attacks) {
    const page = html(attack);
    const names = [...page.matchAll(/<\/?([a-z!?][\w:]*)/gi)].map(([, name = '']) => name.toLowerCase());
    assert.deepEqual(
      names.filter((name) => !own.has(name)),
      [],
      attack,
    );
    assert.ok(!/<[^>]*\s(?:on\w+|style|href|src)=/i.test(page.replaceAll(/"[^"]*"/g, '""')), attack);
    assert.equal(page.match(/<style/g)?.length, 1);
    assert.ok(!page.includes('evil.example'), attack);
  }
});

function refused(text: string, code: string): void {
  assert.throws(
    () => readXmlTree(text, limits.cda),
    (error) => error instanceof LeadglassError && error.code === code,
  );
}

test('entities of the document, deep trees, floods of elements and broken XML are refused', () => {
  refused('<!DOCTYPE a [<!ENTITY x "xxxxxxxx"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>', 'MALFORMED');
  refused('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', 'MALFORMED');
  refused('<a>'.repeat(65), 'LIMIT_EXCEEDED');
  readXmlTree(`${'<a>'.repeat(64)}${'</a>'.repeat(64)}`, limits.cda);
  refused(`<a>${'<b/>'.repeat(100_000)}</a>`, 'LIMIT_EXCEEDED');
  refused(`<a ${Array.from({ length: 33 }, (_, at) => `x${at}="1"`).join(' ')}/>`, 'LIMIT_EXCEEDED');
  for (const broken of [
    '',
    'x',
    '<a>',
    '<a></b>',
    '</a>',
    '<a/><b/>',
    '<a x=1/>',
    '<a',
    '<!-- ',
    '<a><![CDATA[',
    '<a/>x',
  ]) {
    refused(broken, 'MALFORMED');
  }
  // What means nothing stays text.
  assert.deepEqual(readXmlTree('<a>&nbsp;&#x110000;&x</a>', limits.cda).children, ['&nbsp;&#x110000;&x']);
});

test('text in the declared encoding is read, in an unknown one refused', () => {
  const latin = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>\u00e4</a>', 'latin1');
  assert.deepEqual(readXmlTree(decodeXml(latin), limits.cda).children, ['\u00e4']);
  const wide = Buffer.from('\ufeff<a>\u00e4</a>', 'utf16le');
  assert.deepEqual(readXmlTree(decodeXml(wide), limits.cda).children, ['\u00e4']);
  assert.throws(() => decodeXml(Buffer.from('<?xml version="1.0" encoding="UTF-7"?><a/>')), LeadglassError);
  assert.throws(() => decodeXml(Buffer.from([0x3c, 0x61, 0xff])), LeadglassError);
});

test('a body that is a file is named and not shown', () => {
  const document = `<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERi0=</text></nonXMLBody></component></ClinicalDocument>`;
  assert.match(cdaHtml(read(document)), /The body is a file of type application\/pdf/);
  assert.ok(!cdaText(read(document)).includes('JVBERi0='));
  assert.equal(readCda(readXmlTree('<html><body>x</body></html>', limits.cda)), undefined);
});

test('random documents are read or refused, and never become more than text', () => {
  const piece = fc.constantFrom(
    '<a>',
    '</a>',
    '<td>',
    '</td>',
    '<table>',
    '</table>',
    '<!--',
    '-->',
    '&lt;',
    '"',
    "'",
    '<script>',
    ' x="',
    '>',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      let document: CdaDocument;
      try {
        document = read(cda(pieces.join('')));
      } catch (error) {
        assert.ok(error instanceof LeadglassError);
        return;
      }
      assert.ok(!/<script/i.test(cdaHtml(document)));
    }),
    { numRuns: 500 },
  );
});

test('exponential work: lists in lists, and tables in captions, cost as much as they are long', () => {
  const nested = (open: string, close: string): string =>
    `${open.repeat(24)}<paragraph>deep</paragraph>${close.repeat(24)}`;
  for (const [open, close] of [
    ['<list><item>', '</item></list>'],
    ['<table><caption>', '</caption></table>'],
  ] as const) {
    const startedMs = performance.now();
    assert.match(html(nested(open, close)), /<div class="paragraph">deep<\/div>/);
    // Doubled at each level it took minutes.
    assert.ok(performance.now() - startedMs < 5_000, open);
  }
});
