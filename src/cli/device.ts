/** `leadglass device add|list|show|renew|revoke`: who may come in. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { CallInput } from '../doors/control/control-calls.ts';
import type { DeviceAdded } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import type { Context } from './context.ts';
import { fillDeviceFolder, makeDeviceFolder } from './device-folder.ts';
import { deviceLines, openingLines, scopeText } from './opening-text.ts';
import { registerToken } from './device-token.ts';
import { examples, collect, isoDay, moveDestination, wholeNumber, withJson } from './options.ts';
import type { MoveDestinationOption } from './options.ts';
import { counted, shortInstant, tableLines } from './output.ts';
import { readNamedFile } from './read-file.ts';

type Purpose = CallInput<'deviceAdd'>['purpose'];
type Operation = NonNullable<CallInput<'deviceAdd'>['operations']>[number];
type Door = NonNullable<CallInput<'deviceAdd'>['doors']>[number];

interface CredentialOptions {
  readonly out?: string;
  readonly csr?: string;
  readonly certificate?: string;
  readonly sharedWith?: readonly string[];
}
interface AddOptions extends CredentialOptions {
  readonly purpose: Purpose;
  readonly reason: string;
  readonly until: string;
  readonly from?: string;
  readonly plain?: boolean;
  readonly risk?: string;
  readonly port?: number;
  readonly address?: readonly string[];
  readonly door?: readonly Door[];
  readonly allow?: readonly Operation[];
  readonly modality?: readonly string[];
  readonly department?: readonly string[];
  readonly studyFrom?: string;
  readonly studyTo?: string;
  readonly issuer?: readonly string[];
  readonly ownStudies?: boolean;
  readonly privateSopClasses?: boolean;
  readonly moveDestination?: readonly MoveDestinationOption[];
  readonly serverName?: readonly string[];
  readonly json?: boolean;
}

export function register(program: Command, context: Context): void {
  const device = program
    .command('device')
    .description('Enrol devices and end their access.')
    .addHelpText(
      'after',
      examples(
        'leadglass device add CT1 --purpose acquisition --reason "CT, room 1" --until 2027-06-30 --out ct1',
        'leadglass device list',
        'leadglass device revoke CT1 --reason "scanner sold"',
      ),
    );
  registerAdd(device, context);
  registerList(device, context);
  registerChange(device, context);
  registerToken(device, context);
}

function registerAdd(device: Command, context: Context): void {
  withJson(device.command('add <aet>'))
    .description('Enrol a device: certificate, AE title, purpose and opening are bound together.')
    .addOption(
      new Option('--purpose <purpose>', 'what the device is for; bounds what it may ever do')
        .choices([
          'acquisition',
          'reading',
          'exchange',
          'archive',
          'workstation-reading',
          'workstation-exchange',
          'workstation-administration',
        ])
        .makeOptionMandatory(),
    )
    .requiredOption('--reason <text>', 'why, for whoever reviews the openings')
    .requiredOption('--until <date>', 'last day of the opening, YYYY-MM-DD', isoDay)
    .option('--from <date>', 'first day of the opening (default: now)', isoDay)
    .option('--address <cidr>', 'network or address it may come from; repeatable (default: any)', collect)
    .addOption(new Option('--door <door>', 'where it may come in; repeatable: dimse (default), web').argParser(door))
    .addOption(
      new Option(
        '--allow <op>',
        'an operation instead of what the purpose usually needs; repeatable: verify, store, find, get, move, commit, remove',
      ).argParser(operation),
    )
    .option('--out <dir>', 'folder for key.pem, cert.pem, ca.pem and a README (default: the AE title in small letters)')
    .option('--csr <file>', 'the device made its own key: its certificate signing request')
    .option(
      '--certificate <file>',
      'trust exactly this certificate of another authority; --out DIR writes the ca.pem that the device must trust',
    )
    .option(
      '--shared-with <aet>',
      'another AE title of the same physical device, which holds the same --certificate; repeatable',
      collect,
    )
    .option('--plain', 'an exception for a device that cannot do TLS: own port, named addresses, at most 90 days')
    .option('--risk <text>', 'with --plain: the risk, in words, that you accept')
    .option('--port <number>', 'with --plain: its port (default: the next free one)', wholeNumber)
    .option('--modality <code>', 'only series of this modality; repeatable', collect)
    .option('--department <name>', 'only this Institutional Department Name; repeatable', collect)
    .option('--study-from <date>', 'only studies from this day', isoDay)
    .option('--study-to <date>', 'only studies up to this day', isoDay)
    .option('--issuer <text>', 'only this Issuer of Patient ID; repeatable', collect)
    .option('--own-studies', 'only studies of which it sent an instance itself')
    .option('--private-sop-classes', 'may store SOP classes that are not in the standard')
    .option(
      '--move-destination <aet=host:port[=sha256]>',
      'where C-MOVE may send, over TLS; with the SHA-256 of its certificate when another authority made that; repeatable',
      moveDestination,
    )
    .option(
      '--server-name <host>',
      'it takes instances itself, under this name: its certificate is good for that, too; repeatable',
      collect,
    )
    .addHelpText(
      'after',
      `
Examples:
  leadglass device add CT1 --purpose acquisition --reason "CT, room 1" --until 2027-06-30 --out ct1
  leadglass device add READ1 --purpose reading --reason "Reading room" --until 2027-06-30 --address 10.1.2.0/24 --modality CT --modality MR
  leadglass device add VIEW1 --purpose reading --door web --reason "Viewer, ward 3" --until 2027-06-30
  leadglass device add ROOM3 --purpose workstation-reading --reason "Reading room, place 3" --until 2027-06-30
  leadglass device add US2 --purpose acquisition --reason "Ultrasound" --until 2027-06-30 --csr us2.csr
  leadglass device add OLD1 --plain --address 10.9.0.7/32 --risk "2009 C-arm, own VLAN" --purpose acquisition --reason "C-arm" --until 2027-01-31`,
    )
    .action(async (aeTitle: string, options: AddOptions) => {
      const added = await enrol('device add', aeTitle, options, (credential) =>
        context.control('device add').call('deviceAdd', addArguments(aeTitle, options, credential)),
      );
      printAdded(context, added, options.json);
      if (options.json !== true && added.server.tls && added.folder === undefined) {
        const authority = join(context.dataDirectory, 'certificates', 'authority-root.pem');
        context.output.line(`It must trust the authority of this server: ${authority}`);
      }
    });
}

function operation(value: string, before: readonly Operation[] = []): readonly Operation[] {
  const known: readonly Operation[] = ['verify', 'store', 'find', 'get', 'move', 'commit', 'remove'];
  // C-ECHO is the Verification service's only operation; both names are in use.
  const wanted = value
    .toLowerCase()
    .replace(/^c-/, '')
    .replace(/^echo$/, 'verify');
  const found = known.find((name) => name === wanted);
  if (found === undefined) throw new LeadglassError('BAD_REQUEST', `--allow must be one of ${known.join(', ')}`);
  return [...before, found];
}

function door(value: string, before: readonly Door[] = []): readonly Door[] {
  const found = (['dimse', 'web'] as const).find((name) => name === value.toLowerCase());
  if (found === undefined) throw new LeadglassError('BAD_REQUEST', '--door must be dimse or web');
  return [...before, found];
}

type Credential = CallInput<'deviceAdd'>['credential'];

function addArguments(aeTitle: string, options: AddOptions, credential: Credential): CallInput<'deviceAdd'> {
  return {
    aeTitle,
    purpose: options.purpose,
    reason: options.reason,
    until: options.until,
    ...(options.from === undefined ? {} : { from: options.from }),
    credential,
    ...(options.door === undefined ? {} : { doors: [...options.door] }),
    addresses: [...(options.address ?? [])],
    ...(options.allow === undefined ? {} : { operations: [...options.allow] }),
    scope: {
      ...(options.modality === undefined ? {} : { modalities: [...options.modality] }),
      ...(options.department === undefined ? {} : { departments: [...options.department] }),
      ...(options.studyFrom === undefined ? {} : { studyDateFrom: options.studyFrom }),
      ...(options.studyTo === undefined ? {} : { studyDateTo: options.studyTo }),
      ...(options.issuer === undefined ? {} : { patientIdIssuers: [...options.issuer] }),
      ...(options.ownStudies === true ? { ownStudiesOnly: true } : {}),
    },
    privateSopClasses: options.privateSopClasses === true,
    moveDestinations: [...(options.moveDestination ?? [])],
    ...(options.serverName === undefined ? {} : { serverNames: [...options.serverName] }),
  };
}

interface EnrolOptions extends CredentialOptions {
  readonly plain?: boolean;
  readonly risk?: string;
  readonly port?: number;
  readonly address?: readonly string[];
}

/** Makes the key, has the server enrol it, and writes the folder; when the server refuses, nothing stays behind. */
export async function enrol(
  command: string,
  aeTitle: string,
  options: EnrolOptions,
  send: (credential: Credential) => Promise<DeviceAdded>,
): Promise<DeviceAdded & { readonly folder?: string }> {
  const ways = [options.csr, options.certificate, options.plain === true ? 'plain' : undefined].filter(
    (way) => way !== undefined,
  );
  if (ways.length > 1)
    throw new LeadglassError('BAD_REQUEST', `${command}: --csr, --certificate and --plain exclude each other`);
  if (options.plain !== true && (options.risk !== undefined || options.port !== undefined)) {
    throw new LeadglassError('BAD_REQUEST', `${command}: --risk and --port belong to --plain`);
  }
  if (options.plain === true && (options.risk === undefined || (options.address ?? []).length === 0)) {
    throw new LeadglassError('BAD_REQUEST', `${command}: --plain needs --risk TEXT and at least one --address CIDR`);
  }
  const wantsKey = ways.length === 0;
  // Only a key of ours needs a folder; the others get one when they ask.
  const path = options.out ?? (wantsKey || options.csr !== undefined ? folderNameOf(aeTitle) : undefined);
  const folder = path === undefined ? undefined : makeDeviceFolder(resolve(path));
  try {
    const credential = credentialOf(options, (keyPem) => folder?.write('key.pem', keyPem, 0o600));
    const added = await send(credential);
    if (folder !== undefined) fillDeviceFolder(folder, added);
    return { ...added, ...(folder === undefined ? {} : { folder: folder.path }) };
  } catch (error) {
    folder?.discard();
    throw error;
  }
}

function credentialOf(options: EnrolOptions, keepKey: (pem: string) => void): Credential {
  if (options.plain === true) {
    return { kind: 'plain', risk: options.risk ?? '', ...(options.port === undefined ? {} : { port: options.port }) };
  }
  if (options.csr !== undefined) return { kind: 'csr', pem: readNamedFile(options.csr) };
  if (options.certificate !== undefined) {
    return {
      kind: 'certificate',
      pem: readNamedFile(options.certificate),
      sharedWith: [...(options.sharedWith ?? [])],
    };
  }
  if (options.sharedWith !== undefined) {
    throw new LeadglassError(
      'BAD_REQUEST',
      '--shared-with goes with --certificate: only such a certificate can be shared',
    );
  }
  // The private key never leaves this process but into the folder; the server sees the public half.
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  keepKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return { kind: 'public-key', pem: publicKey.export({ type: 'spki', format: 'pem' }) };
}

function folderNameOf(aeTitle: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(aeTitle)) return aeTitle.toLowerCase();
  throw new LeadglassError(
    'BAD_REQUEST',
    `Name a folder with --out DIR: the AE title has characters that make no good folder name`,
  );
}

function printAdded(
  context: Context,
  added: DeviceAdded & { readonly folder?: string },
  json: boolean | undefined,
): void {
  const { output } = context;
  if (json === true) {
    output.json(added);
    return;
  }
  const { device, opening, server, folder, webBaseUrl } = added;
  output.line(
    `${device.aeTitle} may ${opening.operations.join(', ')} until ${opening.until} (${device.purpose}; ${scopeText(opening)}).`,
  );
  const isDimse = opening.openDoors.some((name) => name !== 'web');
  if (isDimse) {
    output.line(
      `It calls ${server.aeTitle} at ${server.host}:${server.port}${server.tls ? ' over TLS' : ' WITHOUT TLS'}.`,
    );
  }
  if (opening.openDoors.includes('web')) {
    output.line(
      `DICOMweb: ${webBaseUrl ?? 'its door is closed (doors.console.enabled)'}, with its certificate or a token.`,
    );
  }
  if (folder !== undefined) output.line(`${folder} holds its files; README.txt there says how to set it up.`);
  for (const warning of added.warnings) output.line(`WARNING  ${warning}`);
  if (
    folder !== undefined &&
    isDimse &&
    server.tls &&
    existsSync(join(folder, 'key.pem')) &&
    opening.operations.includes('verify')
  ) {
    output.line(`Try it:  leadglass echo ${server.host}:${server.port} --as ${folder}`);
  }
}

/** A renewal leaves the certificate before as it is, so that the device can be changed over in peace. */
function printBefore({ output }: Context, { device }: DeviceAdded): void {
  const valid = device.certificates.filter(({ state }) => state === 'valid');
  for (const { notAfter } of valid.slice(0, -1)) {
    output.line(
      `The certificate before stays valid until ${shortInstant(notAfter)}, so that the device can change over. If its key is ` +
        `lost: "leadglass device revoke ${device.aeTitle} --reason TEXT" ends all of them; then add the device anew.`,
    );
  }
}

function registerList(device: Command, context: Context): void {
  const { output } = context;
  withJson(device.command('list'))
    .description('Every device, its certificate and last use.')
    .addHelpText('after', '\nExample:\n  leadglass device list')
    .action(async (options: { readonly json?: boolean }) => {
      const devices = await context.control('device list').call('deviceList', {});
      if (options.json === true) output.json({ devices, more: false });
      else if (devices.length === 0) {
        output.line('No device is enrolled. Enrol one:');
        output.line(
          '  leadglass device add CT1 --purpose acquisition --reason "CT, room 1" --until 2027-06-30 --out ct1',
        );
      } else {
        const lines = tableLines(devices, [
          { title: 'DEVICE', value: ({ aeTitle }) => aeTitle },
          { title: 'PURPOSE', value: ({ purpose }) => purpose },
          { title: 'STATE', value: ({ state }) => state },
          {
            title: 'CERTIFICATE UNTIL',
            value: ({ certificates }) =>
              shortInstant(certificates.findLast(({ state }) => state === 'valid')?.notAfter) || '-',
          },
          { title: 'LAST USED', value: ({ lastUsedAt }) => shortInstant(lastUsedAt) || 'never' },
          { title: 'REASON', value: ({ reason }) => reason },
        ]);
        for (const line of lines) output.line(line);
        for (const { aeTitle, warnings } of devices)
          for (const warning of warnings) output.line(`WARNING  ${aeTitle}: ${warning}`);
      }
    });
  withJson(device.command('show <aet>'))
    .description('One device with its certificates and openings.')
    .addHelpText('after', '\nExample:\n  leadglass device show CT1')
    .action(async (aeTitle: string, options: { readonly json?: boolean }) => {
      const shown = await context.control('device show').call('deviceShow', { aeTitle });
      if (options.json === true) {
        output.json(shown);
        return;
      }
      for (const line of deviceLines(shown.device)) output.line(line);
      for (const { email, usedAt } of shown.signedIn ?? []) {
        output.line(`Signed in here: ${email}, last used ${shortInstant(usedAt)}`);
      }
      for (const opening of shown.openings) for (const line of ['', ...openingLines(opening)]) output.line(line);
    });
}

function registerChange(device: Command, context: Context): void {
  const { output } = context;
  withJson(device.command('renew <aet>'))
    .description('A new key and certificate, and a new end date; or only the date with --keep-certificate.')
    .requiredOption('--until <date>', 'new last day, YYYY-MM-DD', isoDay)
    .option('--reason <text>', 'why, for the ledger; the reason of the opening stays')
    .option('--out <dir>', 'folder for the new files')
    .option('--csr <file>', 'the device made a new key: its certificate signing request')
    .option('--certificate <file>', 'a new certificate of another authority')
    .option(
      '--shared-with <aet>',
      'another AE title of the same physical device, which holds the same --certificate; repeatable',
      collect,
    )
    .option('--keep-certificate', 'only prolong the opening')
    .option('--server-name <host>', 'as with "device add"; repeatable', collect)
    .addHelpText(
      'after',
      '\nExamples:\n  leadglass device renew CT1 --until 2028-06-30 --out ct1-2028\n  leadglass device renew OLD1 --until 2027-03-31 --keep-certificate',
    )
    .action(
      async (
        aeTitle: string,
        options: CredentialOptions & {
          readonly until: string;
          readonly reason?: string;
          readonly keepCertificate?: boolean;
          readonly serverName?: readonly string[];
          readonly json?: boolean;
        },
      ) => {
        const given = {
          aeTitle,
          until: options.until,
          ...(options.reason === undefined ? {} : { reason: options.reason }),
          ...(options.serverName === undefined ? {} : { serverNames: [...options.serverName] }),
        };
        const control = context.control('device renew');
        if (options.keepCertificate === true) {
          printAdded(context, await control.call('deviceRenew', given), options.json);
          return;
        }
        const renewed = await enrol('device renew', aeTitle, options, (credential) =>
          control.call('deviceRenew', { ...given, credential }),
        );
        printAdded(context, renewed, options.json);
        if (options.json !== true) printBefore(context, renewed);
      },
    );
  withJson(device.command('revoke <aet>'))
    .description('End a device at once: its certificates are revoked, its openings closed, its associations aborted.')
    .requiredOption('--reason <text>', 'why')
    .addHelpText('after', '\nExample:\n  leadglass device revoke CT1 --reason "scanner sold"')
    .action(async (aeTitle: string, options: { readonly reason: string; readonly json?: boolean }) => {
      const revoked = await context.control('device revoke').call('deviceRevoke', { aeTitle, reason: options.reason });
      if (options.json === true) output.json(revoked);
      else {
        output.line(
          `${revoked.aeTitle} is revoked: ${counted(revoked.certificatesRevoked, 'certificate')} revoked, ` +
            `${counted(revoked.openingsClosed, 'opening')} closed, ${counted(revoked.associationsEnded, 'association')} ended.`,
        );
        if (revoked.sharedWith.length > 0) {
          output.line(
            `Its certificate was also that of ${revoked.sharedWith.join(', ')}, which cannot come in with it any more: give ` +
              'each a new one with "leadglass device renew".',
          );
        }
      }
    });
}
