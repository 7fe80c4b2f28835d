/** Opens the doors that the configuration names; those of devices without TLS are in plain-doors.ts. */
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import type { Backend } from '../backends/backend.ts';
import { DeIdentifyingBackend } from '../backends/de-identifying/de-identifying-backend.ts';
import { attributesOf } from '../backends/archive/index/attributes.ts';
import type { CodecPool } from '../codecs/pool/codec-pool.ts';
import { readConsoleFiles } from '../doors/console/console-files.ts';
import type { DoorView } from '../doors/control/control-services.ts';
import type { ConnectionServices } from '../doors/dimse/connection.ts';
import { handlers } from '../doors/web/handlers/handlers.ts';
import { ConversionMemory } from '../transcoding/conversion-memory.ts';
import { startWebDoor, type WebApi, type WebDoor, type WebOAuth } from '../doors/web/web-door.ts';
import { type DimseDoor, type DimseDoorOptions, startDimseDoor } from '../doors/dimse/dimse-door.ts';
import { identifiedPass } from '../guard/identified-pass.ts';
import { projectKeys } from '../keys/project-keys.ts';
import type { SecretStore } from '../keys/secret-store.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { rotateTicketKeys, serverTlsOptions, type TlsIdentity } from '../upper-layer/tls-options.ts';
import { guardFactsOf } from './certificate-facts.ts';
import { openWebCertificate } from './certificates/open-web-certificate.ts';
import type { ShownCertificates } from './control-status.ts';
import type { Installation } from './installation.ts';
import { PlainDoors } from './plain-doors.ts';

export interface Doors {
  readonly views: () => readonly DoorView[];
  readonly certificates: () => ShownCertificates;
  /** Opens and closes plain doors so that they match the openings. */
  arrangePlainDoors(): Promise<void>;
  stop(): Promise<void>;
}

interface DoorFacts {
  readonly services: ConnectionServices;
  readonly dimseIdentity: TlsIdentity;
  readonly codecs: CodecPool;
  readonly api: WebApi;
  readonly oauth: WebOAuth;
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
  const webCertificate = config.doors.console.enabled
    ? opened.use(await openWebCertificate(installation, { log }))
    : undefined;
  const web = webCertificate && (await openWeb(installation, { ...facts, tls: webCertificate.certificate.tls }, base));
  if (web !== undefined) {
    opened.defer(() => web.stop());
    webCertificate?.attach(web);
    opened.use(rotateTicketKeys(web, { intervalMs: limits.tlsTicketKeyMs }));
  }
  const plain = opened.use(
    new PlainDoors({ policy, host: config.doors.plain.host, door: base, reviewMs: limits.plainDoorsReviewMs, log }),
  );
  await plain.arrange();

  const held = opened.move();
  return {
    views: () => [
      { name: 'dimse', protocol: 'DICOM over TLS', address: dimse.address, port: dimse.port },
      ...(web === undefined ? [] : [{ name: 'console', protocol: 'HTTPS', address: web.address, port: web.port }]),
      ...plain.views,
    ],
    certificates: () => webCertificate?.certificate ?? { views: [], warnings: [] },
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

/** Whose opening is for a project sees that project's pseudonyms; the other doors have nothing for them. */
export function forResearchers(backend: Backend, secrets: SecretStore): Backend {
  return new DeIdentifyingBackend({
    backend,
    keyOf: projectKeys(secrets),
    identified: identifiedPass,
    limits: { ...limits.dataSet, ...limits.dataSetKept, ...limits.deIdentify },
  });
}

/** The console and DICOMweb share one port: people come with sessions of two factors, devices with certificates or tokens. */
async function openWeb(
  { config, guard, archive, secrets }: Installation,
  {
    services: { heldInstances: held, transcoding },
    codecs,
    api,
    oauth,
    log,
    tls,
  }: DoorFacts & { readonly tls: TlsOptions },
  base: Pick<DimseDoorOptions, 'certificateFacts'>,
): Promise<WebDoor> {
  const { host, port, corsOrigins } = config.doors.console;
  return startWebDoor({
    host,
    port,
    tls,
    certificateFacts: base.certificateFacts,
    guard,
    services: {
      backend: forResearchers(archive, secrets),
      aeTitle: config.aeTitle,
      limits,
      returnable: (level) => attributesOf[level],
      held,
      codecs,
      transcoding,
      arriving: new ConversionMemory(limits.web.arriving),
      log,
    },
    handlers,
    names: config.names,
    corsOrigins,
    api,
    oauth,
    pages: readConsoleFiles(join(import.meta.dirname, '../../web/dist')),
    health: () => {
      if (!guard.isRecording || !guard.isClockSteady) return 'failing';
      return codecs.failure === undefined ? 'ok' : 'degraded';
    },
  });
}
