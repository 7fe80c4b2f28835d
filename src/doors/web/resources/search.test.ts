/** A search from its URI to the query that the archive answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DataSet } from '../../../dicom/data-set.ts';
import { attributeByTag, Tags } from '../../../dicom/dictionary/dictionary.ts';
import { matchesQuery } from '../../../dicom/matching.ts';
import { parseQuery, type Query, type QueryMatch } from '../../../dicom/query.ts';
import { formatTag, type Tag } from '../../../dicom/tag.ts';
import { knownUid } from '../../../dicom/uid.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import { parseQueryString } from '../http/query-string.ts';
import { parseSearchParameters, type SearchParameters } from './search-parameters.ts';
import { searchQuery, type SearchTarget } from './search-query.ts';

const studies: SearchTarget = { level: 'STUDY', parents: {} };
const study = knownUid('1.2');
const series = knownUid('1.3');

const parse = (query: string): SearchParameters => parseSearchParameters(parseQueryString(query, limits.web));
const ask = (query: string, target = studies, all: readonly Tag[] = []): Query =>
  searchQuery(target, parse(query), { limits: limits.query, all });
const matchOf = (query: string, tag: Tag): QueryMatch | undefined =>
  ask(query).keys.find((key) => key.tag === tag)?.match;
const valuesOf = (query: string): readonly string[] | undefined => parse(query).matches[0]?.values;

function refuses(query: string, code = 'BAD_REQUEST', text = /./): void {
  assert.throws(
    () => ask(query),
    (error) => {
      assert.ok(error instanceof LeadglassError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, text);
      return true;
    },
    query,
  );
}

test('attributes are named by keyword, by tag, and through sequences', () => {
  const expected = { kind: 'single', values: ['P-1'] };
  assert.deepEqual(matchOf('PatientID=P-1', Tags.PatientID), expected);
  assert.deepEqual(matchOf('00100020=P-1', Tags.PatientID), expected);
  for (const name of [
    '00400275.00400009',
    'RequestAttributesSequence.ScheduledProcedureStepID',
    '00400275.ScheduledProcedureStepID',
  ]) {
    assert.deepEqual(matchOf(`${name}=S`, Tags.RequestAttributesSequence), {
      kind: 'sequence',
      keys: [{ tag: Tags.ScheduledProcedureStepID, vr: 'SH', match: { kind: 'single', values: ['S'] } }],
    });
  }
});

test('each kind of matching of C-FIND is there', () => {
  assert.deepEqual(matchOf('PatientName=Doe%5EJ*', Tags.PatientName), { kind: 'wildcard', pattern: 'Doe^J*' });
  assert.deepEqual(matchOf('StudyDate=20260101-20261231', Tags.StudyDate), {
    kind: 'range',
    from: '20260101',
    to: '20261231',
  });
  assert.deepEqual(matchOf('StudyTime=-1200', Tags.StudyTime), { kind: 'range', to: '1200' });
  assert.deepEqual(matchOf('PatientName=*', Tags.PatientName), undefined);
  assert.deepEqual(matchOf('AccessionNumber=%22%22&emptyvaluematching=true', Tags.AccessionNumber), { kind: 'empty' });
  assert.deepEqual(matchOf('NumberOfStudyRelatedInstances=7', Tags.NumberOfStudyRelatedInstances), {
    kind: 'single',
    values: ['7'],
  });
});

test('lists: UIDs and CS in all the ways that clients write them, others when they are announced', () => {
  const uids = { kind: 'uid-list', uids: ['1.2', '1.3'] };
  for (const list of ['1.2,1.3', '1.2%2C1.3', '1.2%5C1.3']) {
    assert.deepEqual(matchOf(`StudyInstanceUID=${list}`, Tags.StudyInstanceUID), uids);
  }
  for (const list of ['CT,MR', 'CT%2CMR', 'CT%5CMR']) {
    assert.deepEqual(matchOf(`ModalitiesInStudy=${list}`, Tags.ModalitiesInStudy), {
      kind: 'multi',
      values: ['CT', 'MR'],
    });
  }
  refuses('PatientID=A,B', 'BAD_REQUEST', /multiplevaluematching=true/);
  refuses('PatientID=A%5CB');
  assert.deepEqual(matchOf('PatientID=A,B&multiplevaluematching=true', Tags.PatientID), {
    kind: 'multi',
    values: ['A', 'B'],
  });
  // An encoded comma is part of the value.
  assert.deepEqual(valuesOf('PatientName=Doe%2C%20Jane'), ['Doe, Jane']);
});

test('a plus is a space in texts and a sign in times', () => {
  assert.deepEqual(valuesOf('StudyDescription=CT+HEAD%2B'), ['CT HEAD+']);
  assert.deepEqual(valuesOf('AcquisitionDateTime=20260101+0100'), ['20260101+0100']);
});

test('text beyond ASCII is matched, also within sequences', () => {
  assert.deepEqual(valuesOf('PatientName=%E5%B1%B1%E7%94%B0'), ['山田']);
  const query = ask('PatientName=M%C3%BCller&RequestAttributesSequence.ScheduledProcedureStepID=%C3%A4');
  assert.deepEqual(query.identifier.texts(Tags.PatientName), ['Müller']);
  assert.equal(query.identifier.items(Tags.RequestAttributesSequence)[0]?.text(Tags.ScheduledProcedureStepID), 'ä');
  const stored = new DataSet()
    .setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 100')
    .setText(Tags.PatientName, 'PN', 'MÜLLER');
  assert.ok(matchesQuery(ask('PatientName=M%C3%BCller'), stored));
});

test('an attribute stands once, however it is named', () => {
  refuses('PatientID=A&PatientID=A', 'BAD_REQUEST', /\(0010,0020\): it stands twice/);
  refuses('PatientID=A&00100020=B');
  refuses('PatientID&PatientID=A');
});

test('flags and numbers are read exactly', () => {
  const search = parse('fuzzymatching=true&limit=10&offset=20');
  assert.deepEqual([search.fuzzyMatching, search.limit, search.offset], [true, 10, 20]);
  assert.deepEqual([parse('').limit, parse('').offset, parse('').fuzzyMatching], [undefined, 0, false]);
  assert.equal(parse('limit=0').limit, 0);
  for (const query of [
    'fuzzymatching=TRUE',
    'fuzzymatching',
    'limit=-1',
    'limit=',
    'limit=1.5',
    'offset=0x1',
    'limit=1e3',
    'limit=1&limit=1',
  ])
    refuses(query);
  const query = ask('limit=10&offset=20');
  assert.deepEqual([query.limit, query.offset], [10, 20]);
});

test('fuzzy matching reaches the query, and the names in it alone', () => {
  const query = searchQuery(studies, parse('fuzzymatching=true&PatientName=Doe&StudyID=1'), {
    limits: limits.query,
    all: [],
  });
  assert.equal(query.fuzzy, true);
  assert.deepEqual(
    query.keys.map(({ vr, fuzzy }) => [vr, fuzzy]),
    [
      ['PN', true],
      ['SH', undefined],
    ],
  );
  assert.equal(searchQuery(studies, parse('PatientName=Doe'), { limits: limits.query, all: [] }).fuzzy, false);
});

test('included fields: repeated, in lists, by keyword and tag, or all of them', () => {
  const paths = parse(
    'includefield=00081030%2CPatientAge&includefield=RequestAttributesSequence.RequestedProcedureID,00081030',
  ).returned;
  assert.deepEqual(paths, [
    [Tags.StudyDescription],
    [Tags.PatientAge],
    [Tags.RequestAttributesSequence, Tags.RequestedProcedureID],
  ]);
  assert.equal(parse('includefield=all').returnsAll, true);
  refuses('includefield=all&includefield=PatientAge', 'BAD_REQUEST', /all stands alone/);
  refuses('includefield=all,PatientAge');
  assert.deepEqual(parse('PatientAge&StudyDescription=').returned, [[Tags.PatientAge], [Tags.StudyDescription]]);
  assert.ok(ask('includefield=all', studies, [Tags.PatientAge]).returnKeys.includes(Tags.PatientAge));
});

test('what is not supported is ignored and named for the warning, harmlessly', () => {
  const search = parse('PatientNam=X&_=1&%3Cscript%3E=1&includefield=Nonsense&includefield=Foo');
  assert.deepEqual(search.matches, []);
  assert.deepEqual([...search.ignored].toSorted(), ['Foo', 'Nonsense', 'PatientNam', '_', 'other']);
  const many = parse(Array.from({ length: 100 }, (_, at) => `Unknown${at}=1`).join('&')).ignored;
  assert.equal(many.length, 9);
  assert.deepEqual(parse('accept=application/dicom%2Bjson&charset=utf-8').ignored, []);
  // Bulk data and attributes that no dictionary knows can be asked for, not matched.
  const bulk = parse('PixelData=x&00990010=y');
  assert.deepEqual(bulk.ignored, ['PixelData']);
});

test('hostile: level and character set of the identifier cannot be set from outside', () => {
  for (const name of [
    'QueryRetrieveLevel',
    '00080052',
    'SpecificCharacterSet',
    '00080005',
    '00080000',
    '00020010',
    'FFFEE000',
    'FFFFFFFF',
  ]) {
    for (const parameter of [`${name}=IMAGE`, name, `includefield=${name}`, `00400275.${name}=IMAGE`]) {
      const query = ask(`${parameter}&PatientName=M%C3%BCller`);
      assert.equal(query.level, 'STUDY', parameter);
      assert.deepEqual(query.identifier.texts(Tags.QueryRetrieveLevel), ['STUDY']);
      assert.deepEqual(query.identifier.texts(Tags.PatientName), ['Müller'], parameter);
      assert.deepEqual(query.identifier.items(Tags.RequestAttributesSequence), [], parameter);
      assert.equal(query.identifier.has(0xfffee000), false);
    }
  }
});

test('a private attribute comes with its private creator, which is no condition', () => {
  refuses('00091001=x', 'BAD_REQUEST', /\(0009,0010\)/);
  refuses('includefield=00091001');
  refuses('00091101=x&00090010=ACME');
  const query = ask('00091001=x&00090010=ACME&includefield=00091002');
  assert.deepEqual(query.keys, []);
  for (const tag of [0x00090010, 0x00091001, 0x00091002]) assert.ok(query.returnKeys.includes(tag), formatTag(tag));
});

test('values are held against their VR', () => {
  refuses('StudyDate=yesterday', 'MALFORMED');
  refuses('StudyInstanceUID=1..2', 'MALFORMED');
  for (const uid of ['1.2%20', '1.2%00', '1.2*', '1.2,%201.3', '01.2', '1.2-1.3'])
    refuses(`SOPClassUID=${uid}`, 'MALFORMED');
  for (const list of ['1.2,', ',', '1.2,,1.3']) refuses(`SOPClassUID=${list}`, 'BAD_REQUEST', /empty value/);
  assert.equal(matchOf('SOPClassUID=*', Tags.SOPClassUID), undefined);
  refuses('Rows=many');
  refuses('Rows=70000');
  refuses('RequestAttributesSequence=x', 'BAD_REQUEST', /a sequence has no value/);
  refuses('PatientName.PatientID=x&PatientID=%00', 'MALFORMED');
});

test('the default attributes of the level and of the levels above that the path does not name', () => {
  const asked = (target: SearchTarget): string[] =>
    ask('', target)
      .returnKeys.map((tag) => attributeByTag(tag)?.keyword ?? '')
      .toSorted();
  assert.ok(asked(studies).includes('NumberOfStudyRelatedInstances') && !asked(studies).includes('Modality'));
  const all = asked({ level: 'IMAGE', parents: {} });
  for (const keyword of ['PatientName', 'Modality', 'Rows']) assert.ok(all.includes(keyword), keyword);
  assert.deepEqual(asked({ level: 'IMAGE', parents: { study, series } }), [
    'BitsAllocated',
    'Columns',
    'InstanceAvailability',
    'InstanceNumber',
    'NumberOfFrames',
    'Rows',
    'SOPClassUID',
    'SOPInstanceUID',
    'SeriesInstanceUID',
    'StudyInstanceUID',
  ]);
  const template = ask('', { level: 'SERIES', parents: { study } }).returnItems.get(Tags.RequestAttributesSequence);
  assert.deepEqual(
    template?.tags,
    [Tags.ScheduledProcedureStepID, Tags.RequestedProcedureID].toSorted((a, b) => a - b),
  );
  const whole = ask('includefield=RequestAttributesSequence', { level: 'SERIES', parents: { study } });
  assert.equal(whole.returnItems.get(Tags.RequestAttributesSequence), undefined);
});

test('what belongs to a lower level may be matched and is not returned (10.6.3.3)', () => {
  const query = ask('Modality=CT&includefield=SOPClassUID,SeriesDescription');
  assert.deepEqual(
    query.keys.map(({ tag }) => tag),
    [Tags.Modality],
  );
  for (const tag of [Tags.Modality, Tags.SOPClassUID, Tags.SeriesDescription])
    assert.ok(!query.returnKeys.includes(tag));
});

test('the UIDs of the path are keys; asking for others in the query is a mistake', () => {
  const target: SearchTarget = { level: 'IMAGE', parents: { study, series } };
  assert.deepEqual(
    ask('StudyInstanceUID=1.2', target).keys.map(({ tag, match }) => [tag, match]),
    [
      [Tags.StudyInstanceUID, { kind: 'uid-list', uids: ['1.2'] }],
      [Tags.SeriesInstanceUID, { kind: 'uid-list', uids: ['1.3'] }],
    ],
  );
  assert.throws(() => ask('StudyInstanceUID=1.4', target), { code: 'BAD_REQUEST' });
  assert.throws(() => ask('SeriesInstanceUID=1.3,1.4', target), { code: 'BAD_REQUEST' });
});

test('the limits of queries hold here as well', () => {
  const names = Array.from({ length: 520 }, (_, at) => (0x00980010 + at).toString(16).padStart(8, '0'));
  refuses(names.join('&'), 'LIMIT_EXCEEDED');
  refuses(`PatientName=${'*a'.repeat(20)}`, 'LIMIT_EXCEEDED');
  refuses(`${'00400275.'.repeat(6)}00400009=x`, 'LIMIT_EXCEEDED');
  refuses(`PatientName=${'a'.repeat(2000)}`, 'LIMIT_EXCEEDED');
});

test('an error repeats no value', () => {
  for (const query of [
    'StudyDate=Doe',
    'StudyInstanceUID=Doe',
    'Rows=Doe',
    'PatientID=Doe,Roe',
    'limit=Doe',
    'fuzzymatching=Doe',
  ]) {
    assert.throws(
      () => ask(query),
      (error) => error instanceof LeadglassError && !error.message.includes('Doe'),
    );
  }
});

test('the same question by C-FIND and by search has the same keys', () => {
  const identifier = new DataSet().setText(Tags.QueryRetrieveLevel, 'CS', 'STUDY');
  identifier.setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192');
  identifier.setText(Tags.PatientName, 'PN', 'Müller^*').setText(Tags.StudyDate, 'DA', '20260101-');
  identifier.setText(Tags.ModalitiesInStudy, 'CS', ['CT', 'MR']).setText(Tags.StudyInstanceUID, 'UI', ['1.2', '1.3']);
  const options = {
    model: 'study-root',
    relational: true,
    dateTimeCombined: true,
    fuzzy: false,
    limits: limits.query,
  } as const;
  const byFind = parseQuery(identifier, options);
  const bySearch = ask(
    'PatientName=M%C3%BCller%5E*&StudyDate=20260101-&ModalitiesInStudy=CT,MR&StudyInstanceUID=1.2,1.3',
  );
  assert.deepEqual(bySearch.keys, byFind.keys);
});

test('property: any query component ends in a query or in a refusal', () => {
  const piece = fc.constantFrom(
    'PatientID',
    '=',
    '&',
    ',',
    '00100010',
    '.',
    '%',
    '%2C',
    '*',
    '"',
    'all',
    'includefield=',
    'limit=',
    '-',
    '1.2',
    '\\',
    '%00',
    'RequestAttributesSequence.',
    'StudyDate=',
    '20260101',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 }), (pieces) => {
      try {
        ask(pieces.join(''));
      } catch (error) {
        assert.ok(
          error instanceof LeadglassError && ['MALFORMED', 'BAD_REQUEST', 'LIMIT_EXCEEDED'].includes(error.code),
          String(error),
        );
      }
    }),
    { numRuns: 1000 },
  );
});
