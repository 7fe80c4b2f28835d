/** Opens the doors that the configuration and the openings name, and keeps the plain ones in step with the openings. */
import type { ConsoleDoor } from '../doors/console/console-door.ts';
import { startConsoleDoor } from '../doors/console/console-door.ts';
import type { DoorView } from '../doors/control/control-services.ts';
import type { ConnectionServices } from '../doors/dimse/connection.ts';
import { type DimseDoor, type DimseDoorOptions, startDimseDoor } from '../doors/dimse/dimse-door.ts';
import { asLeadglassError } from '../error.ts';
import { plainPorts } from '../guard/opening.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { rotateTicketKeys, serverTlsOptions, type TlsIdentity } from '../upper-layer/tls-options.ts';
import { guardFactsOf } from './certificate-facts.ts';
import type { Installation } from './installation.ts';

export interface Doors {
  readonly views: () => readonly DoorView[];
  /** Opens and closes plain doors so that they match the openings. */
  arrangePlainDoors(): Promise<void>;
  stop(): Promise<void>;
}

export async function openDoors(
  installation: Installation,
  facts: { readonly services: ConnectionServices; readonly dimseIdentity: TlsIdentity; readonly log: Log },
): Promise<Doors> {
  const { config, authority, guard, policy } = installation;
  const { services, log } = facts;
  await using opened = new AsyncDisposableStack();
  const base: Pick<DimseDoorOptions, 'certificateFacts' | 'services' | 'limits'> = {
    certificateFacts: (certificate) => guardFactsOf(certificate.raw),
    services,
    limits,
  };

  const tls = serverTlsOptions({
    identities: [facts.dimseIdentity],
    clientCa: [authority.rootPem, authority.issuingPem],
    limits,
  });
  const dimse = await startDimseDoor({
    ...base,
    name: 'dimse',
    host: config.doors.dimse.host,
    port: config.doors.dimse.port,
    tls: { ...tls, minVersion: config.doors.dimse.minTlsVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2' },
  });
  opened.defer(() => dimse.stop());
  opened.use(rotateTicketKeys(dimse, { intervalMs: limits.tlsTicketKeyMs }));

  let console: ConsoleDoor | undefined;
  if (config.doors.console.enabled) {
    const { certificatePem, keyPem } = await authority.serverCertificate('web', config.names);
    console = await startConsoleDoor({
      host: config.doors.console.host,
      port: config.doors.console.port,
      tls: {
        ...serverTlsOptions({ identities: [{ key: keyPem, cert: certificatePem }], clientCa: [], limits }),
        // People come with passkeys, not with certificates.
        requestCert: false,
      },
      health: () => (guard.isRecording && guard.isClockSteady ? 'ok' : 'failing'),
      limits,
      log,
    });
    const door = console;
    opened.defer(() => door.stop());
  }

  const plainDoors = new Map<number, DimseDoor>();
  let arranging: Promise<void> = Promise.resolve();
  const arrange = async (): Promise<void> => {
    const wanted = plainPorts(policy.openings(), Date.now());
    for (const [port, door] of plainDoors) {
      if (wanted.has(port)) continue;
      plainDoors.delete(port);
      log.info('door.closed', { door: door.name });
      await door.stop();
    }
    for (const [port, { name }] of wanted) {
      if (plainDoors.has(port)) continue;
      try {
        plainDoors.set(
          port,
          await startDimseDoor({ ...base, name: `plain ${name}`, host: config.doors.plain.host, port }),
        );
        log.warn('door.plain-open', { opening: name, port });
      } catch (thrown) {
        const error = asLeadglassError(thrown);
        log.error('door.plain-failed', { opening: name, port, message: error.message });
      }
    }
  };
  const arrangePlainDoors = (): Promise<void> => {
    arranging = arranging.then(arrange, arrange);
    return arranging;
  };
  await arrangePlainDoors();
  // An exception that ends takes its door with it; closing one by hand does so at once.
  const timer = setInterval(() => void arrangePlainDoors(), limits.plainDoorsReviewMs);
  timer.unref();

  const held = opened.move();
  return {
    views: () => [
      { name: 'dimse', protocol: 'DICOM over TLS', address: dimse.address, port: dimse.port },
      ...(console === undefined
        ? []
        : [{ name: 'console', protocol: 'HTTPS', address: console.address, port: console.port }]),
      ...[...plainDoors.values()].map(({ name, address, port }) => ({
        name,
        protocol: 'DICOM WITHOUT TLS',
        address,
        port,
      })),
    ],
    arrangePlainDoors,
    stop: async () => {
      clearInterval(timer);
      await arranging;
      await Promise.all([...plainDoors.values()].map((door) => door.stop()));
      await held.disposeAsync();
    },
  };
}
