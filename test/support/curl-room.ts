/** Where the commands of docs/reference/dicomweb-by-curl.md run: a folder with the files and the variables that the page tells of. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { part10Of, type SyntheticInstance, syntheticInstances } from '../../src/cli/demo/synthetic.ts';
import { readDataSet } from '../../src/dicom/data-set-codec.ts';
import { Tags } from '../../src/dicom/dictionary/dictionary.ts';
import { limits } from '../../src/limits.ts';
import { uidOf } from './dicom-files.ts';
import type { Leadglass } from './leadglass.ts';
import { runProgram } from './programs.ts';

export interface CurlRoom {
  /** What the commands print, a byte as a character. */
  run(commands: string, version: '--http2' | '--http1.1'): Promise<string>;
  /** The same with the names of variables in the place of their values, as the page has them. */
  told(output: string): string;
}

export async function curlRoom(leadglass: Leadglass): Promise<CurlRoom> {
  const folder = leadglass.path('curl');
  mkdirSync(folder);
  await leadglass.enrol('APP1', 'archive', '--door', 'web', '--out', join(folder, 'app1'));
  const { token, baseUrl } = await leadglass.json<{ token: string; baseUrl: string }>(
    ...['device', 'token', 'APP1', '--reason', 'curl'],
  );
  const images = [...syntheticInstances({ newUid: uids(), studyDate: '20261125', ctSlices: 2, size: 64 })];
  const ct = written(images, 'ct-01', join(folder, 'ct.dcm'));
  const loop = written(images, 'us-loop', join(folder, 'loop.dcm'));
  // Longer values first, so that they are found before their beginnings.
  const variables = {
    ...{ CT: ct.instance, LOOP: loop.instance, SERIES: ct.series, STUDY: ct.study, WEB: baseUrl },
    ...{ CT_UID: uidAtEnd(ct.instance), SERIES_UID: uidAtEnd(ct.series), STUDY_UID: uidAtEnd(ct.study) },
  };
  return {
    async run(commands, version) {
      const config = [`cacert = "${join(folder, 'app1/ca.pem')}"`, `header = "Authorization: Bearer ${token}"`];
      writeFileSync(
        join(folder, '.curlrc'),
        [...config, 'include', 'no-progress-meter', version.slice(2), ''].join('\n'),
      );
      const file = join(folder, 'commands.sh');
      writeFileSync(file, `{\n${commands}\n} | base64\n`);
      const { status, stdout, output } = await runProgram('sh', [file], {
        cwd: folder,
        env: { ...variables, HOME: folder },
      });
      if (status !== 0) throw new Error(output);
      return Buffer.from(stdout, 'base64').toString('latin1');
    },
    told: (output) =>
      Object.entries(variables).reduce((text, [name, value]) => text.replaceAll(value, `$${name}`), output),
  };
}

function uids(): () => ReturnType<typeof uidOf> {
  let count = 0;
  return () => uidOf(`curl ${(count += 1)}`);
}

function uidAtEnd(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

interface Paths {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
}

function written(images: readonly SyntheticInstance[], name: string, file: string): Paths {
  const image = images.find((each) => each.name === name);
  if (image === undefined) throw new Error(`There is no ${name}`);
  const { transferSyntaxUid } = image;
  const seriesUid = readDataSet(image.dataSet, { transferSyntaxUid, limits: limits.dataSet }).text(
    Tags.SeriesInstanceUID,
  );
  writeFileSync(file, part10Of(image));
  const study = `studies/${image.studyInstanceUid}`;
  const series = `${study}/series/${seriesUid ?? ''}`;
  return { study, series, instance: `${series}/instances/${image.sopInstanceUid}` };
}
