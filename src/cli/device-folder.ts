/**
 * The folder that `device add` hands over and `--as DIR` reads: key.pem, cert.pem, ca.pem, device.json and a README for
 * people. Nothing in it is ever overwritten.
 */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { LeadglassError } from '../error.ts';
import type { DeviceAdded } from '../doors/control/control-services.ts';
import { makeFolder, refuseUnlessEmpty } from './new-folder.ts';
import { readNamedFile } from './read-file.ts';

const deviceFile = v.object({
  aeTitle: v.string(),
  server: v.object({ host: v.string(), port: v.number(), aeTitle: v.string(), tls: v.boolean() }),
});
export type DeviceFile = v.InferOutput<typeof deviceFile>;

export interface NewFolder {
  readonly path: string;
  write(name: string, text: string, mode?: number): void;
  /** Takes away what was written; an existing empty folder stays. */
  discard(): void;
}

/**
 * A place for a new device's files, readable by its owner only.
 * @throws LeadglassError BAD_REQUEST when it is there with anything in it
 */
export function makeDeviceFolder(path: string): NewFolder {
  const existed = existsSync(path);
  refuseUnlessEmpty(path);
  makeFolder(path);
  try {
    chmodSync(path, 0o700);
  } catch (cause) {
    throw new LeadglassError('BAD_REQUEST', `Cannot keep the folder ${path} from others`, { cause });
  }
  const written: string[] = [];
  return {
    path,
    write(name, text, mode = 0o644): void {
      writeFileSync(join(path, name), text, { flag: 'wx', mode });
      written.push(name);
    },
    discard(): void {
      if (existed) for (const name of written) rmSync(join(path, name), { force: true });
      else rmSync(path, { recursive: true, force: true });
    },
  };
}

/** cert.pem, ca.pem, device.json and README.txt; key.pem is written before the device is enrolled. */
export function fillDeviceFolder(folder: NewFolder, added: DeviceAdded): void {
  if (added.certificatePem !== undefined) folder.write('cert.pem', added.certificatePem);
  if (added.server.tls) folder.write('ca.pem', added.authorityPem);
  const facts: DeviceFile = { aeTitle: added.device.aeTitle, server: added.server };
  folder.write('device.json', `${JSON.stringify(facts, undefined, 2)}\n`);
  folder.write('README.txt', readmeText(added, existsSync(join(folder.path, 'key.pem'))));
}

/**
 * What a device's folder says, for `--as DIR`.
 * @throws LeadglassError BAD_REQUEST when it is no such folder
 */
export function readDeviceFolder(
  path: string,
): DeviceFile & { readonly key?: string; readonly cert?: string; readonly ca?: string } {
  let facts: DeviceFile;
  try {
    facts = v.parse(deviceFile, JSON.parse(readFileSync(join(path, 'device.json'), 'utf8')));
  } catch (cause) {
    throw new LeadglassError(
      'BAD_REQUEST',
      `${path} is not a device's folder: "leadglass device add AET … --out DIR" makes one`,
      { cause },
    );
  }
  if (!facts.server.tls) return facts;
  const read = (name: string): string => readNamedFile(join(path, name));
  return { ...facts, key: read('key.pem'), cert: read('cert.pem'), ca: read('ca.pem') };
}

function readmeText({ device, opening, server, webBaseUrl }: DeviceAdded, holdsKey: boolean): string {
  const tls = server.tls ? '+tls key.pem cert.pem +cf ca.pem ' : '';
  const titles = `-aet ${shellWord(device.aeTitle)} -aec ${shellWord(server.aeTitle)}`;
  const may = (operation: (typeof opening.operations)[number]): boolean => opening.operations.includes(operation);
  const examples = [
    may('verify') ? `echoscu ${titles} ${tls}${server.host} ${server.port}` : '',
    may('store') ? `storescu ${titles} ${tls}${server.host} ${server.port} images/*.dcm` : '',
    may('find')
      ? `findscu -S ${titles} ${tls}${server.host} ${server.port} -k QueryRetrieveLevel=STUDY -k PatientID -k StudyInstanceUID`
      : '',
    may('get')
      ? `getscu -S ${titles} ${tls}${server.host} ${server.port} -k QueryRetrieveLevel=STUDY -k StudyInstanceUID=1.2.3`
      : '',
  ].filter((line) => line !== '');
  const isDimse = opening.openDoors.some((door) => door !== 'web');
  const curl = 'curl --key key.pem --cert cert.pem --cacert ca.pem';
  return [
    `${device.aeTitle}: ${opening.reason}`,
    '',
    ...(webBaseUrl === undefined ? [] : [`DICOMweb           ${webBaseUrl}  (the certificate here says who asks)`]),
    ...(isDimse
      ? [
          `Host               ${server.host}`,
          `Port               ${server.port}`,
          `Called AE title    ${server.aeTitle}  (the server)`,
          `Calling AE title   ${device.aeTitle}  (this device; no other is accepted)`,
        ]
      : []),
    `Security           ${server.tls ? 'TLS 1.3 or 1.2 with the certificate here (mutual)' : 'NONE: everything can be read on the way'}`,
    `Allowed            ${opening.operations.join(', ')}`,
    `Until              ${opening.until}`,
    '',
    ...(server.tls
      ? [
          holdsKey
            ? 'key.pem   the private key: only the device may have it. Move it there and delete it here.'
            : 'key.pem   is not here: the device has it, under whatever name',
          'cert.pem  the certificate that the device shows',
          'ca.pem    what the device must trust',
          '',
        ]
      : []),
    ...(isDimse ? ['With DCMTK, in this folder:', ...examples.map((line) => `  ${line}`), ''] : []),
    ...(webBaseUrl === undefined || !may('find')
      ? []
      : ['With curl, in this folder:', `  ${curl} -H "Accept: application/dicom+json" "${webBaseUrl}/studies"`, '']),
  ].join('\n');
}

function shellWord(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
