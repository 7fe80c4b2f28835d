/** Opens the doors that the configuration names; those of devices without TLS are in plain-doors.ts. */
import type { ConsoleDoor } from '../doors/console/console-door.ts';
import { startConsoleDoor } from '../doors/console/console-door.ts';
import type { DoorView } from '../doors/control/control-services.ts';
import type { ConnectionServices } from '../doors/dimse/connection.ts';
import { type DimseDoor, type DimseDoorOptions, startDimseDoor } from '../doors/dimse/dimse-door.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { rotateTicketKeys, serverTlsOptions, type TlsIdentity } from '../upper-layer/tls-options.ts';
import { guardFactsOf } from './certificate-facts.ts';
import type { Installation } from './installation.ts';
import { PlainDoors } from './plain-doors.ts';

export interface Doors {
  readonly views: () => readonly DoorView[];
  /** Opens and closes plain doors so that they match the openings. */
  arrangePlainDoors(): Promise<void>;
  stop(): Promise<void>;
}

interface DoorFacts {
  readonly services: ConnectionServices;
  readonly dimseIdentity: TlsIdentity;
  readonly log: Log;
}

export async function openDoors(installation: Installation, facts: DoorFacts): Promise<Doors> {
  const { config, policy } = installation;
  const { services, log } = facts;
  await using opened = new AsyncDisposableStack();
  const base: Pick<DimseDoorOptions, 'certificateFacts' | 'services' | 'limits'> = {
    certificateFacts: (certificate) => guardFactsOf(certificate.raw),
    services,
    limits,
  };
  const dimse = await openDimse(installation, facts, base);
  opened.defer(() => dimse.stop());
  opened.use(rotateTicketKeys(dimse, { intervalMs: limits.tlsTicketKeyMs }));
  const console = config.doors.console.enabled ? await openConsole(installation, log) : undefined;
  if (console !== undefined) opened.defer(() => console.stop());
  const plain = opened.use(
    new PlainDoors({ policy, host: config.doors.plain.host, door: base, reviewMs: limits.plainDoorsReviewMs, log }),
  );
  await plain.arrange();

  const held = opened.move();
  return {
    views: () => [
      { name: 'dimse', protocol: 'DICOM over TLS', address: dimse.address, port: dimse.port },
      ...(console === undefined
        ? []
        : [{ name: 'console', protocol: 'HTTPS', address: console.address, port: console.port }]),
      ...plain.views,
    ],
    arrangePlainDoors: () => plain.arrange(),
    stop: () => held.disposeAsync(),
  };
}

function openDimse(
  { config, authority }: Installation,
  { dimseIdentity }: DoorFacts,
  base: Pick<DimseDoorOptions, 'certificateFacts' | 'services' | 'limits'>,
): Promise<DimseDoor> {
  const { host, port, minTlsVersion } = config.doors.dimse;
  const tls = serverTlsOptions({
    identities: [dimseIdentity],
    clientCa: [authority.rootPem, authority.issuingPem],
    limits,
  });
  return startDimseDoor({
    ...base,
    name: 'dimse',
    host,
    port,
    tls: { ...tls, minVersion: minTlsVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2' },
  });
}

async function openConsole({ config, authority, guard }: Installation, log: Log): Promise<ConsoleDoor> {
  const { certificatePem, keyPem } = await authority.serverCertificate('web', config.names);
  return startConsoleDoor({
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
}
