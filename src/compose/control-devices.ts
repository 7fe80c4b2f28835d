/** Device commands of the control door, over the guard's service. */
import { parseAeTitle } from '../dicom/ae-title.ts';
import type { CallArguments } from '../doors/control/control-calls.ts';
import type { ControlServices, DeviceAdded, SignedInView } from '../doors/control/control-services.ts';
import type { DeviceAdd, DeviceRenew } from '../guard/device-requests.ts';
import type { Enrolment } from '../guard/device-service.ts';
import type { Administer } from '../guard/operation.ts';
import type { Pass } from '../guard/pass.ts';
import { roleCommands } from '../guard/roles.ts';
import { isWorkstationPurpose } from '../guard/workstations.ts';
import type { Authority } from '../keys/authority.ts';
import { openingServices } from './control-openings.ts';
import { deviceChanges, waitingView } from './device-changes.ts';
import { certificateOf, plainOf, sharingWords } from './device-credentials.ts';
import { DeviceViews, endsFirst, markTexts } from './device-views.ts';
import type { Installation } from './installation.ts';
import { destinationsOf, doorsOf, scopeOf } from './opening-texts.ts';
import { administer } from './caller.ts';

type DeviceServices = Pick<
  ControlServices,
  'deviceAdd' | 'deviceList' | 'deviceShow' | 'deviceRenew' | 'deviceToken' | 'deviceTokenEnd' | 'deviceRevoke'
>;

export interface DeviceServer {
  readonly host: string;
  readonly tlsPort: number;
  /** None while the web door is closed. */
  readonly webBaseUrl?: string;
}

export interface DeviceServiceFacts {
  readonly installation: Installation;
  /** Where devices call; asked at each command, as the commands are there before the doors and their ports. */
  readonly server: () => DeviceServer;
  /** Who is signed in at a workstation; absent where nobody keeps accounts (tests). */
  readonly signedInAt?: (workstation: string) => readonly SignedInView[];
  /** Opens and closes plain doors so that they match the openings; resolves when they do. */
  readonly arrangePlainDoors: () => Promise<void>;
  /** Has somebody other than this account an account that could confirm what it asks for? */
  readonly isSecondThere: (askedBy: string) => boolean;
}

export function deviceServices(facts: DeviceServiceFacts): DeviceServices & ReturnType<typeof openingServices> {
  const { installation, server, arrangePlainDoors, isSecondThere } = facts;
  const { guard, policy, authority, config } = installation;
  const timeZone = Temporal.Now.timeZoneId();
  const now = Date.now;
  const views = new DeviceViews({ policy, timeZone, now });
  const { devices, tokens, openings } = deviceChanges(installation);
  const added = enrolmentView({ views, authority, server, isSecondThere, aeTitle: config.aeTitle });
  return {
    deviceAdd: (call, given) =>
      administer(
        guard,
        call,
        `device ${given.aeTitle}, purpose ${given.purpose}${sharingWords(given.credential)}`,
        async (pass) => {
          const enrolment = await devices.add(pass, addRequest(given));
          await arrangePlainDoors();
          return added(enrolment);
        },
      ),
    deviceList: (call) =>
      administer(guard, call, 'all devices', (pass) => devices.list(pass).map(({ device }) => views.device(device))),
    deviceShow: (call, { aeTitle }) =>
      administer(guard, call, `device ${aeTitle}`, (pass) => {
        const shown = devices.show(pass, parseAeTitle(aeTitle, 'AE title'));
        return {
          device: views.device(shown.device),
          openings: shown.openings.map((opening) => views.opening(opening)),
          // Who sits where is for those who may see sessions at all.
          ...(isWorkstationPurpose(shown.device.purpose) && facts.signedInAt !== undefined && maySeeSessions(pass)
            ? { signedIn: facts.signedInAt(shown.device.name) }
            : {}),
        };
      }),
    deviceRenew: (call, given) =>
      administer(guard, call, renewalText(given), async (pass) => {
        guard.writeUses(); // the prolonged opening goes on counting from here
        const enrolment = await devices.renew(pass, renewRequest(given));
        await arrangePlainDoors();
        return added(enrolment);
      }),
    deviceToken: (call, { aeTitle, reason, opening, minutes }) =>
      administer(guard, call, `device ${aeTitle}: ${reason}`, (pass) => {
        const { webBaseUrl } = server();
        const issued = tokens.issue(pass, {
          aeTitle: parseAeTitle(aeTitle, 'AE title'),
          ...(opening === undefined ? {} : { opening }),
          ...(minutes === undefined ? {} : { minutes }),
        });
        return {
          aeTitle,
          opening: issued.opening.name,
          number: issued.id,
          token: issued.token,
          until: new Date(issued.notAfterMs).toISOString(),
          ...(webBaseUrl === undefined ? {} : { baseUrl: webBaseUrl }),
          ...(issued.waiting === undefined ? {} : { waiting: waitingView(issued.waiting, isSecondThere) }),
        };
      }),
    deviceTokenEnd: (call, { aeTitle, reason }) =>
      administer(guard, call, `device ${aeTitle}, all tokens end: ${reason}`, (pass) => ({
        aeTitle,
        tokensEnded: tokens.end(pass, parseAeTitle(aeTitle, 'AE title')),
      })),
    deviceRevoke: (call, { aeTitle, reason }) =>
      administer(guard, call, `device ${aeTitle}: ${reason}`, async (pass) => {
        const name = parseAeTitle(aeTitle, 'AE title');
        const before = devices.show(pass, name);
        const sharedWith = views.sharing(before.device);
        const associationsEnded = guard.runningSessions(name);
        await devices.revoke(pass, name, reason);
        await arrangePlainDoors();
        return {
          aeTitle,
          certificatesRevoked: before.certificates.filter(({ revoked }) => revoked === undefined).length,
          sharedWith,
          openingsClosed: before.openings.filter(({ closed }) => closed === undefined).length,
          associationsEnded,
        };
      }),
    ...openingServices(installation, { ...facts, openings }),
  };
}

/** What the client needs to make the device's folder. */
function enrolmentView({
  views,
  authority,
  server,
  isSecondThere,
  aeTitle,
}: {
  readonly views: DeviceViews;
  readonly authority: Authority;
  readonly server: DeviceServiceFacts['server'];
  readonly isSecondThere: DeviceServiceFacts['isSecondThere'];
  readonly aeTitle: string;
}): (enrolment: Enrolment) => DeviceAdded {
  return ({ device, opening, issued, waiting }) => {
    const isPlain = opening.plain !== undefined;
    const endsFirstAt = views.certificateEndsFirst(device, opening);
    const { host, tlsPort, webBaseUrl } = server();
    return {
      device: views.device(device),
      opening: waiting === undefined ? views.opening(opening) : { ...views.opening(opening), state: 'waiting' },
      ...(issued === undefined ? {} : { certificatePem: issued.certificatePem }),
      authorityPem: authority.rootPem,
      server: { host, port: opening.plain?.port ?? tlsPort, aeTitle, tls: !isPlain },
      ...(webBaseUrl !== undefined && opening.doors.includes('web') ? { webBaseUrl } : {}),
      warnings: isPlain ? [markTexts.plain] : endsFirstAt === undefined ? [] : [endsFirst(endsFirstAt)],
      ...(waiting === undefined ? {} : { waiting: waitingView(waiting, isSecondThere) }),
    };
  };
}

function addRequest(given: CallArguments<'deviceAdd'>): DeviceAdd {
  return {
    aeTitle: given.aeTitle,
    purpose: given.purpose,
    reason: given.reason,
    until: given.until,
    ...(given.from === undefined ? {} : { from: given.from }),
    doors: [
      ...doorsOf(
        given.doors ?? (isWorkstationPurpose(given.purpose) ? ['web'] : undefined),
        given.credential.kind === 'plain',
      ),
    ],
    addresses: given.addresses,
    ...(given.operations === undefined ? {} : { operations: given.operations }),
    scope: scopeOf(given.scope),
    privateSopClasses: given.privateSopClasses,
    moveDestinations: destinationsOf(given.moveDestinations),
    ...(given.serverNames === undefined ? {} : { serverNames: given.serverNames }),
    ...plainOf(given.credential),
    ...certificateOf(given.credential),
  };
}

/** For the ledger; the opening keeps its own reason. */
function renewalText({ aeTitle, until, reason, credential }: CallArguments<'deviceRenew'>): string {
  return `device ${aeTitle} until ${until}${sharingWords(credential)}${reason === undefined ? '' : `: ${reason}`}`;
}

function renewRequest(given: CallArguments<'deviceRenew'>): DeviceRenew {
  return {
    aeTitle: given.aeTitle,
    until: given.until,
    ...(given.serverNames === undefined ? {} : { serverNames: given.serverNames }),
    ...(given.credential === undefined ? { certificate: { kind: 'keep' } } : certificateOf(given.credential)),
  };
}

function maySeeSessions({ principal }: Pass<Administer>): boolean {
  return principal.kind !== 'person' || roleCommands(principal.role, 'account sessions');
}
