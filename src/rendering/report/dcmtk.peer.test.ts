/** The content of reports beside DCMTK's dsrdump: what it says of an item, our text says, too, in the same order. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readDataSet } from '../../dicom/data-set-codec.ts';
import { limits } from '../../limits.ts';
import { cutFile } from '../../../test/support/dicom-files.ts';
import { corpusFolder, needs, needsCorpus } from '../../../test/support/peers.ts';
import { writeFile } from '../rendering.test-support.ts';
import { item, number, read, reference, report, section, text } from './report.test-support.ts';
import { reportText } from './report-text.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';

const folder = mkdtempSync(join(tmpdir(), 'leadglass-report-'));
after(() => rmSync(folder, { recursive: true }));

/** `<contains NUM:(,,"Length")="12.5" (mm,UCUM,"millimetre")>` has `Length` and `12.5`. */
function wordsOfDump(path: string): readonly (readonly string[])[] {
  const dump = execFileSync('dsrdump', ['-Er', '-Ee', '-Ec', '-q', path], { encoding: 'utf8' });
  return dump
    .split('\n')
    .filter((line) => /^\s*<[a-z ]*[A-Z]+:/.test(line))
    .map((line) => {
      const name = /:\(,,"(?<name>[^"]*)"\)/.exec(line)?.groups?.['name'];
      const value = /="?(?<value>[^"(][^"]*)"/.exec(line)?.groups?.['value'];
      const code = /=\([^,]*,[^,]*,"(?<code>[^"]*)"\)/.exec(line)?.groups?.['code'];
      return [name, value, code].filter((word) => word !== undefined).map((word) => word.replaceAll(/\\n|\\r/g, ' '));
    });
}

function assertSays(textOfReport: string, path: string): void {
  // Dates and times as DICOM writes them.
  const said = textOfReport.replaceAll(/\s+\|?\s*/g, ' ').replaceAll(/(?<=\d)[-:](?=\d)/g, '');
  let at = 0;
  const words = wordsOfDump(path);
  assert.ok(words.length > 0);
  for (const word of words.slice(1).flat()) {
    // Line breaks differ, and a space in date and time; the beginning is enough to find the place.
    const first = /^\d{8}(?=\d{6})/.exec(word)?.[0] ?? word.split(' ')[0] ?? '';
    const found = said.indexOf(first, at);
    assert.ok(found >= 0, `no "${first}" behind ${said.slice(Math.max(0, at - 60), at)}`);
    at = found;
  }
}

test('a report of ours says what dsrdump says', needs('dsrdump'), () => {
  const path = join(folder, 'report.dcm');
  const dataSet = report([
    section('Measurements', [
      number('Length', '12.5', {
        children: [reference('IMAGE', 'Source', { uid: '1.2.3.4', relationship: 'INFERRED FROM' })],
      }),
      number('Width', '3'),
    ]),
    text('Finding', 'Nothing unusual', { children: [text('Why', 'No change', { relationship: 'INFERRED FROM' })] }),
    item({ type: 'PNAME', name: 'Observer', relationship: 'HAS OBS CONTEXT' }).setText(Tags.PersonName, 'PN', 'Doe'),
  ]);
  writeFile(path, dataSet);
  assertSays(reportText(read(dataSet)), path);
});

for (const name of ['real/pydicom__test-SR.dcm', 'real/highdicom__sr_document.dcm']) {
  test(`the report ${name} says what dsrdump says`, merged(needs('dsrdump'), needsCorpus()), () => {
    const path = join(corpusFolder ?? '', name);
    const { transferSyntaxUid, dataSet } = cutFile(path);
    assertSays(reportText(read(readDataSet(dataSet, { transferSyntaxUid, limits: limits.dataSet }))), path);
  });
}

function merged(...options: readonly { readonly skip: string | false }[]): { readonly skip: string | false } {
  return { skip: options.map(({ skip }) => skip).find((skip) => skip !== false) ?? false };
}
