/**
 * The whole system, written out by hand from top to bottom: configuration, then what the data folder holds (keys, ledger,
 * archive, policy, guard), then what an unclean stop left open, then the doors, last the control socket.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageVersion } from './cli/package-version.ts';
import type { OfflineLeadglass, RunningLeadglass, StartOptions } from './cli/running.ts';
import { administer } from './compose/caller.ts';
import { accountServices, enrolmentLink } from './compose/control-accounts.ts';
import { clientServices } from './compose/control-clients.ts';
import { confirmationServices } from './compose/control-confirmations.ts';
import { deviceServices } from './compose/control-devices.ts';
import { emergencyServices } from './compose/control-emergencies.ts';
import { importExportServices } from './compose/control-import-export.ts';
import { ledgerServices } from './compose/control-ledger.ts';
import { settingsServices } from './compose/control-settings.ts';
import { statusServices, warningsOf } from './compose/control-status.ts';
import { studyServices } from './compose/control-studies.ts';
import { archiveTotals } from './compose/archive-facts.ts';
import { consoleApi } from './compose/console-api.ts';
import { type Doors, openDoors } from './compose/doors.ts';
import { openWithoutIndex } from './compose/index-aside.ts';
import { watchEmergencies } from './compose/emergency-watch.ts';
import { type Installation, openInstallation } from './compose/installation.ts';
import { startJobs } from './compose/jobs.ts';
import { commitmentReports, moveConnector, type OutgoingFacts } from './compose/outgoing.ts';
import { openAuthorizationServer, openProviderTokens } from './compose/oauth.ts';
import { openPeople, relyingParty, sweepSessions } from './compose/people.ts';
import { completeInterruptedTransfers } from './compose/recovery.ts';
import { openSingleSignOn } from './compose/single-sign-on.ts';
import { startThreads } from './compose/threads.ts';
import { endWorkstationSessions, signedInAt } from './compose/workstations.ts';
import { loadConfig } from './config/load.ts';
import { startControlDoor } from './doors/control/control-door.ts';
import type { ControlServices, DoorView } from './doors/control/control-services.ts';
import { webBase } from './doors/web/web-door.ts';
import { HeldInstances } from './doors/dimse/held-instances.ts';
import type { ConnectionServices } from './doors/dimse/connection.ts';
import { LeadglassError } from './error.ts';
import { openingState } from './guard/opening.ts';
import { limits } from './limits.ts';
import type { Log } from './log.ts';
import type { People } from './people/people.ts';
import { ConversionMemory } from './transcoding/conversion-memory.ts';

export async function startLeadglass({ dataDirectory, configFile, log }: StartOptions): Promise<RunningLeadglass> {
  const startedAtMs = Date.now();
  const { config } = loadConfig({ dataDirectory, configFile, writeMissing: true });
  await using starting = new AsyncDisposableStack();
  const threads = starting.use(startThreads(log));
  const installation = starting.use(
    await openInstallation(dataDirectory, config, { log, sealingThread: threads.sealing }),
  );
  const { archive, authority, guard, policy, isNew } = installation;
  for (const { problem, segment, offset } of archive.recovery.problems) {
    log.error('archive.recovery-problem', { problem, segment, offset });
  }
  await completeInterruptedTransfers(installation, log);

  const { certificatePem, keyPem } = await authority.serverCertificate('dimse', config.names, { isClient: true });
  const dimseIdentity = { key: keyPem, cert: certificatePem };
  const outgoing: OutgoingFacts = { installation, identity: dimseIdentity, log };
  const reports = commitmentReports(outgoing);
  starting.defer(() => reports.stop());
  const services: ConnectionServices = {
    guard,
    backend: archive,
    aeTitle: config.aeTitle,
    connectToMoveDestination: moveConnector(outgoing),
    commitmentReports: reports,
    heldInstances: new HeldInstances(limits),
    transcoding: { codecs: threads.codecs, memory: new ConversionMemory(limits.transcoding), limits },
    limits: {
      upperLayer: limits,
      dimse: { ...limits.dimse, identifier: limits.identifier },
      query: limits.query,
      retrieveInstancesMax: limits.retrieveInstancesMax,
      retrieveAhead: limits.retrieveAhead,
      retrieveUidsMax: limits.retrieveUidsMax,
      dataSetPaceMs: limits.dataSetPaceMs,
      dataSetPaceBytesMin: limits.dataSetPaceBytesMin,
    },
    log,
  };
  // Accounts and commands ask for the doors, and the web door for both: it comes last and is asked late.
  const later: { doors?: Doors } = {};
  const doorViews = (): readonly DoorView[] => later.doors?.views() ?? [];
  const people = starting.use(
    openPeople(installation, {
      judge: threads.passwordJudge,
      log,
      singleSignOn: await openSingleSignOn(installation, log),
      consolePort: () => doorViews().find(({ name }) => name === 'console')?.port ?? config.doors.console.port,
    }),
  );
  starting.use(installation.persons.connect(people));
  starting.use(sweepSessions(people, log));
  starting.use(watchEmergencies(installation, { log }));
  const oauth = starting.use(
    openAuthorizationServer(installation, { origin: () => peopleOrigin(config.names, doorViews()), log }),
  );
  const ofProvider = openProviderTokens(installation, { people, log });
  starting.use(installation.accessTokens.connect([oauth.tokens, ...(ofProvider === undefined ? [] : [ofProvider])]));
  starting.use(endWorkstationSessions(policy, people));
  const commands = controlServices(installation, {
    log,
    startedAtMs,
    people,
    doorViews,
    certificates: () => later.doors?.certificates() ?? { views: [], warnings: [] },
    codecFailure: () => threads.codecs.failure,
    arrangePlainDoors: async () => later.doors?.arrangePlainDoors(),
  });
  const { workstationRoles } = config.people;
  const api = consoleApi({ people, policy, oauth, services: commands, workstationRoles, log });
  const doors = await openDoors(installation, { services, dimseIdentity, codecs: threads.codecs, api, oauth, log });
  later.doors = doors;
  starting.defer(() => doors.stop());

  const control = await startControlDoor({
    socketPath: join(dataDirectory, 'control.sock'),
    services: commands,
    limits,
    log,
  });
  starting.defer(() => control.stop());

  const jobs = startJobs(installation, log);
  starting.defer(() => jobs.stop());

  const running = starting.move();
  const views = doors.views();
  const console = consoleUrl(config.names, views);
  // With a clock that went backwards nobody can be invited; the warnings say what to do.
  const mayInvite = console !== undefined && guard.isClockSteady;
  const first = mayInvite ? await people.admin.firstAdministrator() : undefined;
  return {
    doors: views,
    firstStart: isNew,
    ...(first === undefined ? {} : { enrolmentLink: enrolmentLink(console, first.secret) }),
    openings: policy.openings().filter((opening) => openingState(opening, Date.now()) === 'open').length,
    warnings: await warningsOf(installation, {
      doors: views,
      certificates: doors.certificates().warnings,
      totals: await archiveTotals(archive),
    }),
    stop: () => running.disposeAsync(),
  };
}

/**
 * Verify and rebuild work without a server: the same folder, the same guard and ledger, no door. `forRebuild` opens the
 * folder also when its index is beyond opening.
 * @throws LeadglassError BACKEND_UNAVAILABLE when the folder is none of ours; nothing is made in it
 */
export async function openOffline(options: {
  readonly dataDirectory: string;
  readonly log: Log;
  readonly forRebuild?: boolean;
}): Promise<OfflineLeadglass> {
  const { dataDirectory, log, forRebuild = false } = options;
  // A mistyped folder must not become a new and, of course, intact archive.
  if (!existsSync(join(dataDirectory, 'keys'))) {
    throw new LeadglassError(
      'BACKEND_UNAVAILABLE',
      `There is no Leadglass data in ${dataDirectory}; name the folder with --data DIR`,
    );
  }
  const { config } = loadConfig({ dataDirectory, writeMissing: false });
  const open = (): Promise<Installation> => openInstallation(dataDirectory, config, { log });
  const installation = await (forRebuild ? openWithoutIndex(dataDirectory, open) : open());
  const services = studyServices(installation);
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- name picks the service and with it the type of the result
    run: (name, call) => services[name](call, {}) as never,
    [Symbol.asyncDispose]: () => installation[Symbol.asyncDispose](),
  };
}

/** Where devices find DICOMweb; nothing while its door is closed. */
function webBaseUrl(names: readonly string[], doors: RunningLeadglass['doors']): { readonly webBaseUrl?: string } {
  const url = consoleUrl(names, doors);
  return url === undefined ? {} : { webBaseUrl: `${url}${webBase}` };
}

function consoleUrl(names: readonly string[], doors: RunningLeadglass['doors']): string | undefined {
  const web = doors.find(({ name }) => name === 'console');
  return web === undefined ? undefined : `https://${names[0] ?? 'localhost'}:${web.port}`;
}

/** Where people sign in: their passkeys belong to this name, so programs send them there. */
function peopleOrigin(names: readonly string[], doors: RunningLeadglass['doors']): string | undefined {
  const web = doors.find(({ name }) => name === 'console');
  return web === undefined ? undefined : relyingParty(names, () => web.port).origins()[0];
}

function controlServices(
  installation: Installation,
  facts: {
    readonly log: Log;
    readonly startedAtMs: number;
    readonly people: People;
    readonly doorViews: Parameters<typeof statusServices>[0]['doors'];
    readonly certificates: Parameters<typeof statusServices>[0]['certificates'];
    readonly codecFailure: Parameters<typeof statusServices>[0]['codecFailure'];
    readonly arrangePlainDoors: () => Promise<void>;
  },
): ControlServices {
  const { config } = installation;
  return {
    ...deviceServices({
      installation,
      server: () => ({
        host: config.names[0] ?? 'localhost',
        tlsPort: facts.doorViews().find(({ name }) => name === 'dimse')?.port ?? config.doors.dimse.port,
        ...webBaseUrl(config.names, facts.doorViews()),
      }),
      signedInAt: (workstation) => signedInAt(facts.people, workstation),
      arrangePlainDoors: facts.arrangePlainDoors,
      isSecondThere: (askedBy) => facts.people.secondPerson.isThere({ by: `person ${askedBy}` }),
    }),
    ...confirmationServices({
      installation,
      people: facts.people,
      arrangePlainDoors: facts.arrangePlainDoors,
    }),
    ...accountServices({
      installation,
      people: facts.people,
      consoleUrl: () => consoleUrl(config.names, facts.doorViews()),
    }),
    ...emergencyServices(installation, { log: facts.log }),
    ...clientServices({ installation, issuer: () => peopleOrigin(config.names, facts.doorViews()) }),
    ...studyServices(installation),
    ...importExportServices(installation),
    ...ledgerServices(installation),
    ...settingsServices(installation),
    clockAccept: (call, { reason }) =>
      administer(installation.guard, call, reason, (pass) => {
        installation.guard.acceptClock(pass);
        return { steady: installation.guard.isClockSteady };
      }),
    ...statusServices({
      installation,
      version: packageVersion(),
      startedAtMs: facts.startedAtMs,
      doors: facts.doorViews,
      certificates: facts.certificates,
      codecFailure: facts.codecFailure,
    }),
  };
}
