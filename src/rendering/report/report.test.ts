/** Structured reports as page, text and XML: every value type, and what a hostile one tries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DataSet } from '../../dicom/data-set.ts';
import { readDataSet, writeDataSet } from '../../dicom/data-set-codec.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { TransferSyntaxes } from '../../dicom/transfer-syntax.ts';
import { LeadglassError } from '../../error.ts';
import { limits } from '../../limits.ts';
import { readReport } from './read-report.ts';
import { reportHtml } from './report-html.ts';
import { code, evidence, item, number, read, reference, report, section, text } from './report.test-support.ts';
import { reportText } from './report-text.ts';
import { reportXml } from './report-xml.ts';

const baseUrl = 'https://pacs.example/dicom-web';
const html = (dataSet: DataSet): string => reportHtml(read(dataSet), baseUrl);
const plain = (dataSet: DataSet): string => reportText(read(dataSet));
const xml = (dataSet: DataSet): string => reportXml(read(dataSet), baseUrl);

/** One item of each value type. */
function everything(): DataSet {
  const measured = section('Measurements', [
    number('Length', '12.5'),
    number('Ratio', '0.3', { unit: '1', qualifier: 'Measurement uncertain' }),
    number('Count', '3', { unit: '{lesions}' }),
    number('Volume', '', { qualifier: 'Not a number' }),
  ]);
  const region = item({ type: 'SCOORD', name: 'Outline', relationship: 'INFERRED FROM' })
    .setText(Tags.GraphicType, 'CS', 'POLYLINE')
    .setNumber(Tags.GraphicData, 'FL', [1, 2, 3.5, 4]);
  const space = item({ type: 'SCOORD3D', name: 'Point' })
    .setText(Tags.GraphicType, 'CS', 'POINT')
    .setText(Tags.ReferencedFrameOfReferenceUID, 'UI', '1.9.9')
    .setNumber(Tags.GraphicData, 'FL', [1, 2, -3]);
  const times = item({ type: 'TCOORD', name: 'Beat' })
    .setText(Tags.TemporalRangeType, 'CS', 'SEGMENT')
    .setNumber(Tags.ReferencedSamplePositions, 'UL', [100, 220]);
  const again = new DataSet()
    .setText(Tags.RelationshipType, 'CS', 'INFERRED FROM')
    .setNumber(Tags.ReferencedContentItemIdentifier, 'UL', [1, 1, 1]);
  return report([
    measured,
    text('Finding', 'Two nodules.\r\nNothing else.', { children: [region, again] }),
    item({ type: 'CODE', name: 'Site', relationship: 'HAS CONCEPT MOD' }).setItems(Tags.ConceptCodeSequence, [
      code('T-28000', 'Lung', 'SRT'),
    ]),
    item({ type: 'DATE', name: 'Day' }).setText(Tags.Date, 'DA', '20240131'),
    item({ type: 'TIME', name: 'Hour' }).setText(Tags.Time, 'TM', '101530.000000'),
    item({ type: 'DATETIME', name: 'Moment' }).setText(Tags.DateTime, 'DT', '20240131101530+0100'),
    item({ type: 'PNAME', name: 'Observer', relationship: 'HAS OBS CONTEXT' }).setText(
      Tags.PersonName,
      'PN',
      'Yamada^Tarou=山田^太郎',
    ),
    item({ type: 'UIDREF', name: 'Tracking' }).setText(Tags.UID, 'UI', '1.2.3.99'),
    reference('IMAGE', 'Key image', { uid: '1.2.3.1.2.7', frames: ['3', '1'] }),
    reference('COMPOSITE', 'Elsewhere', { uid: '1.2.3.8' }),
    reference('WAVEFORM', 'Trace', { uid: '1.2.3.1.2.8', classUid: '1.2.840.10008.5.1.4.1.1.9.1.1' }),
    space,
    times,
    item({ type: 'NEW', name: 'Later' }),
  ])
    .setItems(Tags.CurrentRequestedProcedureEvidenceSequence, [
      evidence({ study: '1.2.3.1', series: '1.2.3.1.2', instances: ['1.2.3.1.2.7', '1.2.3.1.2.8'] }),
    ])
    .setText(Tags.VerificationFlag, 'CS', 'VERIFIED')
    .setItems(Tags.VerifyingObserverSequence, [
      new DataSet()
        .setText(Tags.VerifyingObserverName, 'PN', 'Reader^Ruth^^Dr')
        .setText(Tags.VerifyingOrganization, 'LO', 'Clinic')
        .setText(Tags.VerificationDateTime, 'DT', '20240131120000'),
    ]);
}

test('every value type has its words in the plain text', () => {
  assert.equal(
    plain(everything()),
    `Report of a test
================
Status: complete, verified
Patient: JANE DOE
Patient ID: P1
Study: 2024-01-31 10:15:00
Report of: 2024-01-31 11:30:00
Verified by: Dr Ruth Reader, Clinic, 2024-01-31 12:00:00

Measurements
  Length: 12.5 mm
  Ratio: 0.3 (Measurement uncertain)
  Count: 3 meaning of {lesions}
  Volume: no value (Not a number)
Finding: Two nodules.
  | Nothing else.
  [Inferred from] Outline: polyline in pixels: (1, 2), (3.5, 4)
  [Inferred from] Value: Length (item 1.1.1)
[Modifier] Site: Lung
Day: 2024-01-31
Hour: 10:15:30
Moment: 2024-01-31 10:15:30 +01:00
[Observation context] Observer: Tarou Yamada (太郎 山田)
Tracking: 1.2.3.99
Key image: CT Image (frames 3, 1) 1.2.3.1.2.7
Elsewhere: CT Image 1.2.3.8
Trace: 12-lead ECG Waveform 1.2.3.1.2.8
Point: point in millimetres: (1, 2, -3), frame of reference 1.9.9
Beat: segment, samples 100, 220
Later: of the value type NEW, which is not shown here
`,
  );
});

test('the page has headings, tables with scopes, and links to rendered resources of what it refers to', () => {
  const page = html(everything());
  assert.match(page, /<h1 dir="auto">Report of a test<\/h1>/);
  assert.match(page, /<h2 id="item-1\.1" dir="auto">Measurements<\/h2>/);
  assert.match(page, /<th scope="row" dir="auto">Length<\/th>\n<td class="number">12\.5<\/td><td>mm<\/td>/);
  const place = `${baseUrl}/studies/1.2.3.1/series/1.2.3.1.2/instances`;
  assert.ok(page.includes(`<a href="${place}/1.2.3.1.2.7/frames/1,3/rendered">CT Image (frames 3, 1)</a>`));
  assert.ok(page.includes(`<a href="${place}/1.2.3.1.2.8/rendered">`));
  assert.ok(page.includes('<a href="#item-1.1.1">Length (item 1.1.1)</a>'));
  // Nobody knows where that one is.
  assert.ok(!page.includes('1.2.3.8/'));
  assert.match(page, /<li>Complete<\/li>/);
  assert.match(html(report([])), /<li class="caution">Unverified<\/li>/);
});

test('the XML has codes, units and qualifiers', () => {
  const document = xml(everything());
  assert.match(
    document,
    /<item position="1\.1\.2" type="NUM" relationship="CONTAINS">\n<name code="1" scheme="DCM">Ratio/,
  );
  assert.match(document, /<value>0\.3<\/value>\n<unit code="1" scheme="UCUM">.*<\/unit>\n<qualifier code="2"/);
  assert.match(document, /<value code="T-28000" scheme="SRT">Lung<\/value>/);
  assert.match(document, /<reference sopClassUID="[\d.]+" sopInstanceUID="1\.2\.3\.1\.2\.7" frames="3 1" href="https:/);
  assert.match(document, /<value>20240131101530\+0100<\/value>/);
});

test('the language of the content is that of the report, where it says one', () => {
  const language = (value: string): DataSet => {
    const spoken = item({ type: 'CODE', relationship: 'HAS CONCEPT MOD' })
      .setItems(Tags.ConceptNameCodeSequence, [code('121049', 'Language of Content Item and Descendants')])
      .setItems(Tags.ConceptCodeSequence, [code(value, 'German', 'RFC5646')]);
    return report([spoken]);
  };
  assert.match(html(language('de-CH')), /<article id="item-1" lang="de-CH">/);
  assert.match(html(language('de" onload="x')), /<article id="item-1">/);
});

const script = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>';

test('markup in texts, codes, names, UIDs and flags is shown and not obeyed', () => {
  const hostile = report(
    [
      text(script, script),
      item({ type: 'PNAME', name: script }).setText(Tags.PersonName, 'PN', script),
      item({ type: 'UIDREF' }).setBytes(Tags.UID, 'UI', Buffer.from(`${script}\0`)),
      item({ type: 'CODE' }).setItems(Tags.ConceptCodeSequence, [code('"><b>', script, '"><i>')]),
      item({ type: script }),
      item({ type: 'SCOORD' }).setText(Tags.GraphicType, 'CS', script).setNumber(Tags.GraphicData, 'FL', [1, 2]),
      item({ type: 'DATE' }).setText(Tags.Date, 'DA', script),
      reference('IMAGE', script, { uid: '1.2/../../x' }),
      number('n', script, { unit: script, relationship: script }),
    ],
    script,
  )
    .setText(Tags.PatientName, 'PN', script)
    .setText(Tags.CompletionFlag, 'CS', script)
    .setText(Tags.CompletionFlagDescription, 'LO', script)
    .setItems(Tags.CurrentRequestedProcedureEvidenceSequence, [
      evidence({ study: '1.2.3.1', series: '"><script>', instances: ['1.2/../../x', 'javascript:alert(1)'] }),
    ]);
  for (const written of [html(hostile), xml(hostile)]) {
    // Every tag that is there is one of ours.
    const names = [...written.matchAll(/<\/?([a-z!?][a-z0-9]*)/gi)].map(([, name = '']) => name.toLowerCase());
    const own = new Set(
      (
        '!doctype html head meta title style body main header h1 h2 ul li dl div dt dd article section footer p a span ' +
        'small em table caption thead tbody tr th td ?xml report fact flag person item name value unit qualifier reference'
      ).split(' '),
    );
    assert.deepEqual(
      names.filter((name) => !own.has(name)),
      [],
    );
    assert.ok(!/<[^>]*\son\w+=/i.test(written.replaceAll(/"[^"]*"/g, '""')));
    assert.ok(!written.includes('javascript:alert(1)/'));
    assert.ok(!/href="(?!https:\/\/pacs\.example\/dicom-web\/|#item-)/.test(written));
  }
});

test('the page asks for nothing and has no script', () => {
  const page = html(everything());
  assert.ok(!/<(?:script|img|link|iframe|object|form|base)\b|@import|url\(|\sstyle="/i.test(page));
});

test('control characters neither reach a terminal nor forge a line', () => {
  const lines = plain(report([text('a\u001b[31mb', 'one\u001b]0;x\u0007\ntwo: forged')])).split('\n');
  // Escapes go when character sets are decoded, the others here.
  assert.equal(
    lines.find((line) => line.startsWith('a')),
    'a?[31mb: one?]0;x\ufffd',
  );
  assert.ok(lines.includes('  | two: forged'));
  assert.ok(!/\p{Cc}/u.test(lines.join('')));
});

test('references that go round in circles end', () => {
  const back = new DataSet()
    .setText(Tags.RelationshipType, 'CS', 'HAS PROPERTIES')
    .setNumber(Tags.ReferencedContentItemIdentifier, 'UL', [1]);
  const own = new DataSet().setNumber(Tags.ReferencedContentItemIdentifier, 'UL', [1, 1, 2]);
  const nowhere = new DataSet().setNumber(Tags.ReferencedContentItemIdentifier, 'UL', [9, 9]);
  const circle = report([text('Finding', 'x', { children: [back, own, nowhere] })]);
  assert.match(html(circle), /<a href="#item-1">Report of a test \(item 1\)<\/a>/);
  assert.match(plain(circle), /item 9\.9, which is not there/);
});

test('a report has headings as deep as it goes, and not more items than the limit', () => {
  let deep = section('at the bottom', []);
  for (let level = 0; level < 30; level += 1) deep = section(`level ${level}`, [deep]);
  assert.match(html(report([deep])), /role="heading" aria-level="32"[^>]*>at the bottom/);
  const three = report([text('a', '1'), text('b', '2')]);
  readReport(three, { ...limits.report, contentItemsMax: 3 });
  assert.throws(() => readReport(three, { ...limits.report, contentItemsMax: 2 }), isTooMuch);
});

function isTooMuch(error: unknown): boolean {
  return error instanceof LeadglassError && error.code === 'LIMIT_EXCEEDED';
}

test('long lists of coordinates and evidence are shortened', () => {
  const many = item({ type: 'SCOORD', name: 'Line' })
    .setText(Tags.GraphicType, 'CS', 'POLYLINE')
    .setNumber(
      Tags.GraphicData,
      'FL',
      Array.from({ length: 20_000 }, (_, at) => at),
    );
  assert.match(plain(report([many])), /\(14, 15\) and 9992 more\n/);
  const instances = Array.from({ length: 1000 }, (_, at) => `1.2.3.1.2.${at}`);
  const page = html(
    report([]).setItems(Tags.PertinentOtherEvidenceSequence, [
      evidence({ study: '1.2.3.1', series: '1.2.3.1.2', instances }),
    ]),
  );
  assert.match(page, /and 800 more/);
});

test('sections without a name are told apart by their place', () => {
  const nameless = report([item({ type: 'CONTAINER' }), item({ type: 'CONTAINER' })]);
  assert.match(html(nameless), />Section 1\.1<.*>Section 1\.2</s);
  assert.match(plain(nameless), /\nSection 1\.1\nSection 1\.2\n/);
});

test('an empty or broken tree is a page all the same', () => {
  const bare = new DataSet().setText(Tags.SOPInstanceUID, 'UI', '1.2.3');
  assert.match(html(bare), /<h1 dir="auto">Report<\/h1>/);
  const odd = report([
    item({ type: 'NUM' }),
    item({ type: 'IMAGE' }),
    item({ type: 'CODE' }),
    item({ type: 'SCOORD' }),
    item({ type: 'TCOORD' }),
    new DataSet(),
  ]);
  for (const write of [html, plain, xml]) assert.ok(write(odd).length > 0);
});

test('a report with any byte changed is refused, or rendered without a tag that is not ours', () => {
  const whole = writeDataSet(everything(), TransferSyntaxes.ExplicitVrLittleEndian);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.constantFrom(0x3c, 0x22, 0x27, 0x26, 0x00, 0x5c, 0xff), (at, byte) => {
      const changed = Buffer.from(whole);
      changed[at] = byte;
      let written: readonly string[];
      try {
        const transferSyntaxUid = TransferSyntaxes.ExplicitVrLittleEndian;
        const dataSet = readDataSet(changed, { transferSyntaxUid, limits: limits.dataSet });
        written = [html(dataSet), xml(dataSet), plain(dataSet)];
      } catch (error) {
        assert.ok(error instanceof LeadglassError, String(error));
        return;
      }
      // As many quotes as attributes need, and no bracket of a value.
      for (const document of written.slice(0, 2)) {
        const tags = document.replace(/<style>[^<]*<\/style>/, '').match(/<[^>]*>/g) ?? [];
        assert.ok(tags.every((tag) => (tag.match(/"/g)?.length ?? 0) % 2 === 0));
      }
    }),
    { numRuns: 200 },
  );
});

test('amplification: a long name that twenty thousand items refer to is not written twenty thousand times', () => {
  const name = new DataSet().setText(Tags.CodeValue, 'SH', '1').setText(Tags.CodeMeaning, 'LO', 'm'.repeat(1_000_000));
  const named = text('', 'x').setItems(Tags.ConceptNameCodeSequence, [name]);
  const references = Array.from({ length: 15_000 }, () =>
    new DataSet().setNumber(Tags.ReferencedContentItemIdentifier, 'UL', [1, 1]),
  );
  const document = report([named, ...references]);
  for (const write of [html, plain, xml]) assert.ok(write(document).length < 10_000_000);
});

test('amplification: lines without end are not indented one by one', () => {
  let inner = text('Words', '\n'.repeat(4_000_000));
  for (let depth = 0; depth < 20; depth += 1) inner = section('Deeper', [inner]);
  assert.throws(
    () => plain(report([inner])),
    (error) => error instanceof LeadglassError && error.code === 'LIMIT_EXCEEDED',
  );
});
