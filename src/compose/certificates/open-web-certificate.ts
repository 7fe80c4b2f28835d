/** From the configuration to the certificate of the HTTPS door. */
import { join } from 'node:path';
import { packageVersion } from '../../cli/package-version.ts';
import type { WebDoor } from '../../doors/web/web-door.ts';
import { limits } from '../../limits.ts';
import type { Log } from '../../log.ts';
import type { Installation } from '../installation.ts';
import { type CertificateSource, OwnAuthoritySource } from './certificate-source.ts';
import { FileSource } from './file-source.ts';
import { WebCertificate } from './web-certificate.ts';

export interface OpenWebCertificate extends AsyncDisposable {
  readonly certificate: WebCertificate;
  /** From now on the door gets what changes, and answers challenges. */
  attach(door: WebDoor): void;
}

/** @throws LeadglassError as `WebCertificate.open` */
export async function openWebCertificate(
  installation: Installation,
  { log }: { readonly log: Log },
): Promise<OpenWebCertificate> {
  const { authority, config, guard } = installation;
  const link: Link = { changed: () => undefined };
  const chosen = await chosenSource(installation, { log, link });
  const certificate = await WebCertificate.open({
    from: config.doors.console.certificate.from,
    ...(chosen === undefined ? {} : { chosen }),
    own: new OwnAuthoritySource(authority, config.names),
    // Whoever made our certificate, clients are ours: no other authority speaks for a device.
    tls: { clientCa: [authority.rootPem, authority.issuingPem], limits },
    guard,
    log,
    reviewMs: limits.certificateReviewMs,
    warnDays: limits.certificateWarnDays,
  });
  link.changed = () => void certificate.review();
  return {
    certificate,
    attach: (door) => {
      link.door = door;
      certificate.attach(door);
      // A first certificate is not waited for.
      if (config.doors.console.certificate.from === 'acme') void certificate.review();
    },
    [Symbol.asyncDispose]: () => certificate[Symbol.asyncDispose](),
  };
}

/** The door and the certificate need each other; whoever is first waits here. */
interface Link {
  door?: WebDoor;
  changed: () => void;
}

async function chosenSource(
  { config, secrets, dataDirectory }: Installation,
  { log, link }: { readonly log: Log; readonly link: Link },
): Promise<CertificateSource | undefined> {
  const { from, files, acme } = config.doors.console.certificate;
  if (from === 'own-authority') return undefined;
  if (from === 'files') return new FileSource(files);
  // Only where it is used.
  const { AcmeSource } = await import('./acme-source.ts');
  return new AcmeSource({
    settings: acme,
    secrets,
    directory: join(dataDirectory, 'certificates'),
    userAgent: `leadglass/${packageVersion()}`,
    limits,
    log,
    answer: () => {
      const { door } = link;
      return door && ((name, shown) => door.answerChallenge(name, shown));
    },
    onChange: () => link.changed(),
  });
}
