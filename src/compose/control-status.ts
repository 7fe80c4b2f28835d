/** The status command: how the server stands, with warnings that say what to do. */
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type {
  DoorCertificateView,
  ControlServices,
  DoorView,
  StatusReport,
} from '../doors/control/control-services.ts';
import { asLeadglassError } from '../error.ts';
import { openingState } from '../guard/opening.ts';
import { checkpointsFileName } from '../ledger/ledger-files.ts';
import { readLastCheckpoint, readPublicKey } from '../ledger/checkpoints.ts';
import { limits } from '../limits.ts';
import { archiveTotals, type ArchiveTotals } from './archive-facts.ts';
import { DeviceViews } from './device-views.ts';
import type { Installation } from './installation.ts';
import { administer } from './caller.ts';

export interface StatusFacts {
  readonly installation: Installation;
  readonly version: string;
  readonly startedAtMs: number;
  /** Those that listen now. */
  readonly doors: () => readonly DoorView[];
  readonly certificates: () => ShownCertificates;
  /** Why nothing can be converted or drawn; undefined while it can. */
  readonly codecFailure: () => string | undefined;
}

/** What the HTTPS door shows, and what is to be said about it. */
export interface ShownCertificates {
  readonly views: readonly DoorCertificateView[];
  readonly warnings: readonly string[];
}

export function statusServices(facts: StatusFacts): Pick<ControlServices, 'status'> {
  const { guard } = facts.installation;
  return {
    status: async (call) => {
      try {
        return await administer(guard, call, 'status', () => statusReport(facts));
      } catch (error) {
        // Whoever looks why nothing works must be told. A status names no patient and no image.
        if (asLeadglassError(error).code !== 'LEDGER_UNAVAILABLE') throw error;
        return statusReport(facts);
      }
    },
  };
}

async function statusReport(facts: StatusFacts): Promise<StatusReport> {
  const { installation, version, startedAtMs, doors, certificates, codecFailure } = facts;
  const { archive, config, dataDirectory, guard, ledger, policy } = installation;
  const totals = await archiveTotals(archive);
  const lastCheckpointAt = await checkpointTime(installation);
  return {
    version,
    startedAt: new Date(startedAtMs).toISOString(),
    dataDirectory,
    aeTitle: config.aeTitle,
    doors: doors(),
    certificates: certificates().views,
    openings: countOpenings(installation, Date.now()),
    devices: policy.devices().filter(({ revoked }) => revoked === undefined).length,
    associations: guard.runningSessions(),
    archive: totals,
    ledger: {
      records: ledger.head.seq,
      head: ledger.head.hash,
      ...(lastCheckpointAt === undefined ? {} : { lastCheckpointAt }),
    },
    warnings: await warningsOf(installation, {
      doors: doors(),
      certificates: certificates().warnings,
      codecFailure: codecFailure(),
      totals,
    }),
  };
}

/** Whole sentences, the most urgent first. Also what a start prints. */
export async function warningsOf(
  installation: Installation,
  {
    doors,
    certificates = [],
    codecFailure,
    totals,
  }: {
    readonly doors: readonly DoorView[];
    readonly certificates?: readonly string[];
    readonly codecFailure?: string | undefined;
    readonly totals: ArchiveTotals;
  },
): Promise<readonly string[]> {
  const { archive, guard } = installation;
  const openings = countOpenings(installation, Date.now());
  const freeBytes = await archive.fileSystem.freeBytes(archive.segmentDirectory);
  const { freeBytesMin } = archive.options.limits;
  const { problems } = archive.recovery;
  const { policy } = installation;
  const views = new DeviceViews({ policy, timeZone: Temporal.Now.timeZoneId(), now: Date.now });
  const endingCertificates = policy.devices().filter((device) => views.certificateEndsSoon(device)).length;
  const waiting = policy.waiting.count(Date.now());
  const warnings: (string | false)[] = [
    !guard.isRecording &&
      'The ledger cannot be written, so nothing is admitted: make room on its disk or repair it; it goes on by itself.',
    !guard.isClockSteady &&
      'The clock of this machine went backwards, so no device is admitted: set it right, best by NTP; if it is right now, say so with "leadglass clock accept".',
    problems.length > 0 &&
      `The archive holds ${count(problems.length, 'record')} that could not be read at the last start: run "leadglass verify" and restore what it names from a backup.`,
    freeBytes < freeBytesMin &&
      `The disk of the archive has only ${gibibytes(freeBytes)} left, so nothing is stored: make room.`,
    freeBytes >= freeBytesMin &&
      freeBytes < limits.freeBytesWarn &&
      `The disk of the archive has only ${gibibytes(freeBytes)} left: make room before ${gibibytes(freeBytesMin)}, where storing stops.`,
    codecFailure !== undefined &&
      `Images cannot be converted or drawn, only given out as they are stored (${codecFailure}): start the server anew; if that does not help, install it anew with "npm ci".`,
    ...certificates,
    ...emergencyWarnings(policy, Date.now()),
    openings.plain > 0 &&
      `${count(openings.plain, 'device')} ${openings.plain === 1 ? 'comes' : 'come'} without TLS, so images and names can be read on the way: as soon as a device can do TLS, close its plain opening and enrol it with "leadglass device add".`,
    ...doors
      .filter(({ address }) => !isLoopback(address))
      .map(
        ({ name, address, port }) =>
          `The ${name} door listens on ${address}:${port}, beyond this machine: let only the devices' network reach it, or set its host to 127.0.0.1 in leadglass.yaml.`,
      ),
    openings.expiringSoon > 0 &&
      `${count(openings.expiringSoon, 'opening')} will end within ${limits.expiresSoonDays} days: see "leadglass opening list" and prolong what is needed with "leadglass device renew".`,
    endingCertificates > 0 &&
      `${count(endingCertificates, 'device')} ${endingCertificates === 1 ? 'has a certificate that ends' : 'have certificates that end'} within ${limits.expiresSoonDays} days, before what is open to it: see "leadglass device list" and make a new one with "leadglass device renew".`,
    openings.neverUsed > 0 &&
      `${count(openings.neverUsed, 'opening')} ${openings.neverUsed === 1 ? 'was' : 'were'} never used: close what nobody needs with "leadglass opening close".`,
    waiting > 0 &&
      `${count(waiting, 'change')} ${waiting === 1 ? 'waits' : 'wait'} for a second person: see "leadglass confirmation list".`,
    totals.conflicts > 0 &&
      `${count(totals.conflicts, 'instance')} arrived under a known UID with other content and ${totals.conflicts === 1 ? 'is' : 'are'} kept aside: decide with "leadglass conflict list".`,
  ];
  return warnings.filter((warning) => warning !== false);
}

function emergencyWarnings({ emergencies }: Installation['policy'], nowMs: number): readonly string[] {
  const { running, unreviewed } = emergencies.count();
  const [oldest] = emergencies.unreviewed(1);
  const isOverdue = oldest !== undefined && nowMs - oldest.opening.validFromMs > limits.emergencyReviewMs;
  const warnings: (string | false)[] = [
    running > 0 &&
      `${count(running, 'emergency access', 'emergency accesses')} ${running === 1 ? 'is' : 'are'} open now: somebody sees a patient beyond the own right; see "leadglass emergency list".`,
    unreviewed > running &&
      `${count(unreviewed - running, 'emergency access waits', 'emergency accesses wait')} for the review of a second person${isOverdue ? ', some for too long' : ''}: see "leadglass emergency list".`,
  ];
  return warnings.filter((warning) => warning !== false);
}

function countOpenings({ policy, guard }: Installation, nowMs: number): StatusReport['openings'] {
  guard.writeUses();
  const open = policy.openings().filter((opening) => openingState(opening, nowMs) === 'open');
  const soonMs = nowMs + limits.expiresSoonDays * 86_400_000;
  return {
    open: open.length,
    expiringSoon: open.filter(({ validUntilMs }) => validUntilMs <= soonMs).length,
    neverUsed: open.filter(({ id }) => policy.usage(id) === undefined).length,
    plain: open.filter(({ plain }) => plain !== undefined).length,
  };
}

async function checkpointTime({ dataDirectory, signingKey }: Installation): Promise<string | undefined> {
  const path = join(dataDirectory, 'ledger', checkpointsFileName);
  if (!existsSync(path)) return undefined;
  const last = await readLastCheckpoint(path, readPublicKey(signingKey.publicKeyPem));
  return last?.checkpoint.at;
}

const count = (number: number, noun: string, plural = `${noun}s`): string =>
  `${number} ${number === 1 ? noun : plural}`;
const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

function isLoopback(address: string): boolean {
  return isIP(address) === 4 ? address.startsWith('127.') : address === '::1' || address === 'localhost';
}
