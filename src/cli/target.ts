/** The options with which the DICOM client commands name a peer: HOST:PORT, --as DIR, --calling, --called, --plain. */
import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { LeadglassError } from '../error.ts';
import { readDeviceFolder } from './device-folder.ts';
import type { DicomTarget } from './dicom-client.ts';
import { hostAndPort } from './options.ts';

export interface TargetOptions {
  readonly as?: string;
  readonly called?: string;
  readonly calling?: string;
  readonly plain?: boolean;
}

/** Adds the argument and options to a command. */
export function withTarget(command: Command): Command {
  return command
    .argument('<host:port>', 'the peer')
    .option('--as <dir>', 'folder of the device to be: its key, certificate and AE titles, as "device add" made it')
    .option('--called <aet>', 'called AE title (default: as in the folder)')
    .option('--calling <aet>', 'calling AE title (default: as in the folder)')
    .addOption(new Option('--plain', 'no TLS: everything can be read on the way'));
}

/**
 * Who calls whom.
 * @throws LeadglassError BAD_REQUEST
 */
export function targetOf(place: string, options: TargetOptions): DicomTarget {
  const { host, port } = hostAndPort(place);
  const device = options.as === undefined ? undefined : readDeviceFolder(resolve(options.as));
  const callingAeTitle = options.calling ?? device?.aeTitle;
  const calledAeTitle = options.called ?? device?.server.aeTitle;
  if (callingAeTitle === undefined || calledAeTitle === undefined) {
    throw new LeadglassError('BAD_REQUEST', 'Say who calls whom: --as DIR, or --calling AET and --called AET');
  }
  const facts = { host, port, callingAeTitle, calledAeTitle };
  if (options.plain === true) return facts;
  if (device?.key === undefined || device.cert === undefined || device.ca === undefined) {
    throw new LeadglassError(
      'BAD_REQUEST',
      device === undefined
        ? 'TLS needs a certificate: --as DIR. --plain goes without, where a peer cannot do TLS.'
        : 'This device is enrolled without TLS: add --plain, if that is what you want',
    );
  }
  return { ...facts, tls: { key: device.key, cert: device.cert, ca: device.ca } };
}
