/** Device and opening commands of the control door, over the guard's services. */
import type { Authority } from '../keys/authority.ts';
import { parseAeTitle } from '../dicom/ae-title.ts';
import type {
  CertificateView,
  ControlServices,
  DeviceAdded,
  DeviceView,
  OpeningView,
} from '../doors/control/control-services.ts';
import type { CallArguments, OpeningTermsText } from '../doors/control/control-calls.ts';
import { LeadglassError } from '../error.ts';
import { formatFrom, formatUntil } from '../guard/dates.ts';
import type { CertificateRequest, DeviceAdd, OpeningEntry } from '../guard/device-requests.ts';
import { DeviceService, type Enrolment } from '../guard/device-service.ts';
import { type Opening, openingState } from '../guard/opening.ts';
import { OpeningService, type OpeningDifference, type OpeningMark } from '../guard/opening-service.ts';
import type { Device, DeviceCertificate } from '../guard/policy-store.ts';
import { limits } from '../limits.ts';
import { guardFactsOf } from './certificate-facts.ts';
import type { Installation } from './installation.ts';
import { administer } from './operator.ts';
import { createHash } from 'node:crypto';

type DeviceServices = Pick<
  ControlServices,
  | 'deviceAdd'
  | 'deviceList'
  | 'deviceShow'
  | 'deviceRenew'
  | 'deviceRevoke'
  | 'openingList'
  | 'openingShow'
  | 'openingClose'
  | 'openingExport'
  | 'openingApply'
>;

export interface DeviceServiceFacts {
  readonly installation: Installation;
  /** Where devices call. */
  readonly server: { readonly host: string; readonly tlsPort: number };
  /** Opens and closes plain doors so that they match the openings; resolves when they do. */
  readonly arrangePlainDoors: () => Promise<void>;
}

const markTexts: Readonly<Record<OpeningMark, string>> = {
  'expires-soon': `ends within ${limits.expiresSoonDays} days`,
  'never-used': 'was never used: close it if nobody needs it',
  unused: `was not used for ${limits.unusedDays} days: close it if nobody needs it`,
  plain: 'has no TLS: images and names can be read on the way',
};

/** The services; `timeZone` decides where a day of an end date ends. */
export function deviceServices({ installation, server, arrangePlainDoors }: DeviceServiceFacts): DeviceServices {
  const { guard, policy, authority, config } = installation;
  const timeZone = Temporal.Now.timeZoneId();
  const now = Date.now;
  const devices = new DeviceService({
    store: policy,
    issuer: issuerOver(authority),
    rules: { ...limits, extendedKeyUsageRequired: false },
    now,
    timeZone,
    plainPortFirst: config.doors.plain.firstPort,
  });
  const openings = new OpeningService({
    store: policy,
    rules: { ...limits, expiresSoonDays: limits.expiresSoonDays, unusedDays: limits.unusedDays },
    now,
    timeZone,
  });

  const openingView = (opening: Opening, marks: readonly OpeningMark[] = []): OpeningView => {
    const usage = policy.usage(opening.id);
    return {
      ...termsText(opening, timeZone),
      id: opening.id,
      door: opening.doors[0] ?? 'dimse-tls',
      state: openingState(opening, now()),
      owner: opening.owner,
      createdAt: iso(opening.createdAtMs),
      ...(usage === undefined ? {} : { lastUsedAt: iso(usage.lastUsedAtMs) }),
      useCount: usage?.useCount ?? 0,
      ...(opening.closed === undefined
        ? {}
        : { closed: { at: iso(opening.closed.atMs), by: opening.closed.by, reason: opening.closed.reason } }),
      warnings: marks.map((mark) => markTexts[mark]),
    };
  };
  const deviceView = (device: Device): DeviceView => {
    const certificates = policy.certificatesOf(device.name);
    const ofDevice = policy.openingsOf(device.name);
    const open = ofDevice.filter((opening) => openingState(opening, now()) === 'open');
    const lastUsed = Math.max(0, ...ofDevice.map(({ id }) => policy.usage(id)?.lastUsedAtMs ?? 0));
    const warnings: string[] = [];
    if (open.some(({ plain }) => plain !== undefined)) warnings.push(markTexts.plain);
    return {
      aeTitle: device.name,
      purpose: device.purpose,
      state: device.revoked !== undefined ? 'revoked' : open.length > 0 ? 'active' : 'expired',
      reason: device.reason,
      owner: device.owner,
      enrolledAt: iso(device.createdAtMs),
      certificates: certificates.map((certificate) => certificateView(certificate, now())),
      openings: ofDevice.filter(({ closed }) => closed === undefined).map(({ name }) => name),
      ...(lastUsed === 0 ? {} : { lastUsedAt: iso(lastUsed) }),
      warnings,
    };
  };
  const added = ({ device, opening, issued }: Enrolment): DeviceAdded => {
    const isPlain = opening.plain !== undefined;
    return {
      device: deviceView(device),
      opening: openingView(opening),
      ...(issued === undefined ? {} : { certificatePem: issued.certificatePem }),
      authorityPem: authority.rootPem,
      server: {
        host: server.host,
        port: opening.plain?.port ?? server.tlsPort,
        aeTitle: config.aeTitle,
        tls: !isPlain,
      },
      warnings: isPlain ? [markTexts.plain] : [],
    };
  };

  return {
    deviceAdd: (call, given) =>
      administer(guard, call, `device ${given.aeTitle}, purpose ${given.purpose}`, async (pass) => {
        const enrolment = await devices.add(pass, {
          aeTitle: given.aeTitle,
          purpose: given.purpose,
          reason: given.reason,
          until: given.until,
          ...(given.from === undefined ? {} : { from: given.from }),
          addresses: given.addresses,
          ...(given.operations === undefined ? {} : { operations: given.operations }),
          scope: scopeOf(given.scope),
          privateSopClasses: given.privateSopClasses,
          moveDestinations: destinationsOf(given.moveDestinations),
          ...(given.serverNames === undefined ? {} : { serverNames: given.serverNames }),
          ...plainOf(given.credential),
          ...certificateOf(given.credential),
        });
        await arrangePlainDoors();
        return added(enrolment);
      }),
    deviceList: (call) =>
      administer(guard, call, 'all devices', (pass) => devices.list(pass).map(({ device }) => deviceView(device))),
    deviceShow: (call, { aeTitle }) =>
      administer(guard, call, `device ${aeTitle}`, (pass) => {
        const shown = devices.show(pass, parseAeTitle(aeTitle, 'AE title'));
        return { device: deviceView(shown.device), openings: shown.openings.map((opening) => openingView(opening)) };
      }),
    deviceRenew: (call, given) =>
      administer(guard, call, renewalText(given), async (pass) => {
        const enrolment = await devices.renew(pass, {
          aeTitle: given.aeTitle,
          until: given.until,
          ...(given.serverNames === undefined ? {} : { serverNames: given.serverNames }),
          ...(given.credential === undefined ? { certificate: { kind: 'keep' } } : certificateOf(given.credential)),
        });
        await arrangePlainDoors();
        return added(enrolment);
      }),
    deviceRevoke: (call, { aeTitle, reason }) =>
      administer(guard, call, `device ${aeTitle}: ${reason}`, async (pass) => {
        const name = parseAeTitle(aeTitle, 'AE title');
        const before = devices.show(pass, name);
        const associationsEnded = guard.runningSessions(name);
        await devices.revoke(pass, name, reason);
        await arrangePlainDoors();
        return {
          aeTitle,
          certificatesRevoked: before.certificates.filter(({ revoked }) => revoked === undefined).length,
          openingsClosed: before.openings.filter(({ closed }) => closed === undefined).length,
          associationsEnded,
        };
      }),
    openingList: (call, { all }) =>
      administer(guard, call, 'all openings', (pass) => {
        guard.writeUses();
        return openings
          .list(pass, { closedToo: all })
          .filter(({ state }) => all || state !== 'ended')
          .map(({ opening, marks }) => openingView(opening, marks));
      }),
    openingShow: (call, { name }) =>
      administer(guard, call, `opening ${name}`, (pass) => {
        guard.writeUses();
        const { opening, marks } = openings.show(pass, name);
        return openingView(opening, marks);
      }),
    openingClose: (call, { name, reason }) =>
      administer(guard, call, `opening ${name}: ${reason}`, async (pass) => {
        const { opening } = openings.show(pass, name);
        const running = guard.runningSessions(opening.device);
        openings.close(pass, name, reason);
        await arrangePlainDoors();
        return { name, associationsEnded: running - guard.runningSessions(opening.device) || running };
      }),
    openingExport: (call) =>
      administer(guard, call, 'all openings', () => ({
        openings: policy
          .openings()
          .filter(({ closed }) => closed === undefined)
          .map((opening) => termsText(opening, timeZone)),
      })),
    openingApply: (call, { openings: wanted, planned }) =>
      administer(
        guard,
        call,
        planned === undefined ? 'difference only' : `difference ${planned.slice(0, 16)}`,
        async (pass) => {
          const document = { openings: wanted.map(entryOf) };
          const difference = openings.difference(pass, document);
          const digest = createHash('sha256').update(JSON.stringify(difference)).digest('hex');
          if (planned === undefined) return { changes: changesOf(difference), digest, applied: false };
          if (planned !== digest) {
            throw new LeadglassError(
              'CONFLICT',
              'Cannot apply the openings: they changed since the difference was shown; look at it again',
            );
          }
          openings.apply(pass, document, difference);
          await arrangePlainDoors();
          return { changes: changesOf(difference), digest, applied: true };
        },
      ),
  };
}

/** The authority as the guard's services see it. */
function issuerOver(authority: Authority): ConstructorParameters<typeof DeviceService>[0]['issuer'] {
  return {
    issue: async ({ aeTitle, notAfterMs, csrPem, publicKeyPem, serverNames }) => {
      const { facts, chainPem } = await authority.issueDeviceCertificate({
        aeTitle,
        notAfter: new Date(notAfterMs),
        ...(csrPem === undefined ? {} : { csr: csrPem }),
        ...(publicKeyPem === undefined ? {} : { publicKeyPem }),
        ...(serverNames === undefined ? {} : { serverNames }),
      });
      return {
        fingerprint256: facts.fingerprint256,
        subject: facts.subject,
        serialNumber: facts.serialNumber,
        notBeforeMs: facts.notBefore.getTime(),
        notAfterMs: facts.notAfter.getTime(),
        certificatePem: chainPem,
        authorityPem: authority.rootPem,
      };
    },
    // The guard has revoked already: it looks at its own list at each use. Lists for others come with the web door.
    revoked: async () => {},
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** For the ledger; the opening keeps its own reason. */
function renewalText({ aeTitle, until, reason }: CallArguments<'deviceRenew'>): string {
  return `device ${aeTitle} until ${until}${reason === undefined ? '' : `: ${reason}`}`;
}

function certificateView(certificate: DeviceCertificate, nowMs: number): CertificateView {
  return {
    fingerprint256: certificate.fingerprint256,
    origin: certificate.origin,
    subject: certificate.subject,
    notAfter: iso(certificate.notAfterMs),
    state: certificate.revoked !== undefined ? 'revoked' : nowMs > certificate.notAfterMs ? 'expired' : 'valid',
  };
}

type Credential = CallArguments<'deviceAdd'>['credential'];

function certificateOf(credential: Credential): { readonly certificate?: CertificateRequest } {
  switch (credential.kind) {
    case 'plain':
      return {};
    case 'public-key':
      return { certificate: { kind: 'public-key', publicKeyPem: credential.pem } };
    case 'csr':
      return { certificate: { kind: 'csr', csrPem: credential.pem } };
    case 'certificate': {
      const { extendedKeyUsage, ...facts } = guardFactsOf(credential.pem);
      return {
        certificate: {
          kind: 'pinned',
          facts: { ...facts, ...(extendedKeyUsage === undefined ? {} : { extendedKeyUsage: [...extendedKeyUsage] }) },
        },
      };
    }
  }
}

function plainOf(credential: Credential): { readonly plain?: { risk: string; port?: number } } {
  if (credential.kind !== 'plain') return {};
  return { plain: { risk: credential.risk, ...(credential.port === undefined ? {} : { port: credential.port }) } };
}

const dicomDate = (day: string): string => day.replaceAll('-', '');
const isoDay = (date: string): string => `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;

type ScopeText = OpeningTermsText['scope'];

function scopeOf(scope: ScopeText): NonNullable<DeviceAdd['scope']> {
  return {
    ...(scope.modalities === undefined ? {} : { modalities: scope.modalities }),
    ...(scope.departments === undefined ? {} : { departments: scope.departments }),
    ...(scope.studyDateFrom === undefined ? {} : { studyDateFrom: dicomDate(scope.studyDateFrom) }),
    ...(scope.studyDateTo === undefined ? {} : { studyDateTo: dicomDate(scope.studyDateTo) }),
    ...(scope.patientIdIssuers === undefined ? {} : { patientIdIssuers: scope.patientIdIssuers }),
    ...(scope.ownStudiesOnly === true ? { ownStudiesOnly: true as const } : {}),
  };
}

function scopeText(scope: Opening['scope']): ScopeText {
  return {
    ...(scope.modalities === undefined ? {} : { modalities: [...scope.modalities] }),
    ...(scope.departments === undefined ? {} : { departments: [...scope.departments] }),
    ...(scope.studyDateFrom === undefined ? {} : { studyDateFrom: isoDay(scope.studyDateFrom) }),
    ...(scope.studyDateTo === undefined ? {} : { studyDateTo: isoDay(scope.studyDateTo) }),
    ...(scope.patientIdIssuers === undefined ? {} : { patientIdIssuers: [...scope.patientIdIssuers] }),
    ...(scope.ownStudiesOnly === true ? { ownStudiesOnly: true } : {}),
  };
}

type Destination = OpeningTermsText['moveDestinations'][number];

/** Without a fingerprint a destination's certificate must come from our own authority. */
function destinationsOf(destinations: readonly Destination[]): NonNullable<DeviceAdd['moveDestinations']> {
  return destinations.map(({ aeTitle, host, port, trust = 'own-authority' }) => ({
    aeTitle: parseAeTitle(aeTitle, 'move destination'),
    host,
    port,
    trust,
  }));
}

function termsText(opening: Opening, timeZone: string): OpeningTermsText {
  return {
    name: opening.name,
    device: opening.device,
    purpose: opening.purpose,
    operations: [...opening.operations],
    addresses: [...opening.addresses],
    scope: scopeText(opening.scope),
    privateSopClasses: opening.privateSopClasses,
    moveDestinations: opening.moveDestinations.map(({ aeTitle, host, port, trust }) => ({
      aeTitle,
      host,
      port,
      ...(trust === 'own-authority' ? {} : { trust }),
    })),
    reason: opening.reason,
    from: formatFrom(opening.validFromMs, timeZone),
    until: formatUntil(opening.validUntilMs, timeZone),
    ...(opening.plain === undefined ? {} : { plain: { ...opening.plain } }),
  };
}

function entryOf(terms: OpeningTermsText): unknown {
  const { plain, from, scope, moveDestinations, ...rest } = terms;
  return {
    ...rest,
    doors: [plain === undefined ? 'dimse-tls' : 'dimse-plain'],
    scope: scopeOf(scope),
    moveDestinations: destinationsOf(moveDestinations),
    ...(from === undefined ? {} : { from }),
    ...(plain === undefined ? {} : { plain }),
  };
}

function changesOf({
  added,
  changed,
  closed,
}: OpeningDifference): Awaited<ReturnType<ControlServices['openingApply']>>['changes'] {
  const lines = (entry: OpeningEntry): string[] => [
    `device: ${entry.device}`,
    `purpose: ${entry.purpose}`,
    `until: ${entry.until}`,
  ];
  return [
    ...added.map((entry) => ({ kind: 'open' as const, name: entry.name, lines: lines(entry) })),
    ...changed.map(({ name, before, after }) => ({
      kind: 'change' as const,
      name,
      lines: differingLines(before, after),
    })),
    ...closed.map((entry) => ({ kind: 'close' as const, name: entry.name, lines: lines(entry) })),
  ];
}

function differingLines(before: OpeningEntry, after: OpeningEntry): string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  const fresh = new Map<string, unknown>(Object.entries(after));
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((key) => {
    const was = JSON.stringify(old.get(key)) ?? 'nothing';
    const is = JSON.stringify(fresh.get(key)) ?? 'nothing';
    return was === is ? [] : [`${key}: ${was} -> ${is}`];
  });
}
