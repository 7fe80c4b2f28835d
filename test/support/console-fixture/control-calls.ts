/** The control calls over the fixture's house; typed by the server's own declarations. */
import { type CallArguments, type CallName, callSchemas } from '../../../src/doors/control/control-calls.ts';
import type {
  AccountLink,
  AccountSessionView,
  AccountView,
  DeviceAdded,
  EmergencyView,
  OwnEmergency,
  PersonOpeningView,
  ResultOf,
} from '../../../src/doors/control/control-services.ts';
import { explainedConfig } from '../../../src/config/render.ts';
import { defaultConfigText } from '../../../src/config/render.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { type Context, needFactor, Refused } from './people-calls.ts';

type Controls = {
  readonly [N in keyof ResultOf & CallName]?: (context: Context, given: CallArguments<N>) => ResultOf[N];
};

export { callSchemas };

function named<T>(list: readonly T[], isIt: (entry: T) => boolean): T {
  const found = list.find(isIt);
  if (found === undefined) throw new Refused(404, 'NOT_FOUND', 'There is no such thing');
  return found;
}

export const controls: Controls = {
  status: ({ house }) => house.status,
  deviceList: ({ house }) => house.devices,
  deviceShow: ({ house }, { aeTitle }) => ({
    device: named(house.devices, (device) => device.aeTitle === aeTitle),
    openings: house.openings.filter(({ device }) => device === aeTitle),
  }),
  deviceAdd: (context, given) => {
    needFactor(context);
    const { house } = context;
    if (house.devices.some(({ aeTitle }) => aeTitle === given.aeTitle)) {
      throw new Refused(409, 'CONFLICT', `${given.aeTitle} is enrolled already`, { field: 'aeTitle' });
    }
    const waiting = {
      ...{
        number: 4 + house.waiting.length,
        kind: 'device-add' as const,
        askedBy: context.session?.account.email ?? '',
      },
      ...{ summary: `add ${given.aeTitle}`, reason: given.reason, operatorOnly: false },
      askedAt: new Date().toISOString(),
      until: new Date(Date.now() + 4 * 86_400_000).toISOString(),
    };
    const added = { ...addedOf(given), waiting };
    house.waiting.push({ view: waiting, added });
    return added;
  },
  deviceRenew: (context, { aeTitle, until, credential }) => {
    needFactor(context);
    const { house } = context;
    const device = named(house.devices, (entry) => entry.aeTitle === aeTitle);
    const index = house.openings.findIndex((entry) => entry.device === aeTitle && entry.state === 'open');
    const before = house.openings[index];
    if (before === undefined) throw new Refused(404, 'NOT_FOUND', 'It has no opening');
    const opening = { ...before, until };
    house.openings[index] = opening;
    return {
      device,
      opening,
      ...(credential === undefined ? {} : { certificatePem: pem('CERTIFICATE') }),
      authorityPem: pem('CERTIFICATE'),
      server,
      warnings: [],
    };
  },
  deviceToken: (context, { aeTitle }) => {
    needFactor(context);
    return {
      aeTitle,
      opening: aeTitle,
      number: 12,
      token: `lgd_${'Q7'.repeat(21)}x`,
      until: new Date(Date.now() + 3_600_000).toISOString(),
      baseUrl: 'https://leadglass.klinikum.example:8443/dicom-web',
    };
  },
  deviceRevoke: (context, { aeTitle }) => {
    needFactor(context);
    const { house } = context;
    const index = house.devices.findIndex((entry) => entry.aeTitle === aeTitle);
    const device = house.devices[index];
    if (device !== undefined) house.devices[index] = { ...device, state: 'revoked' };
    return { aeTitle, certificatesRevoked: 1, sharedWith: [], openingsClosed: 1, associationsEnded: 0 };
  },
  confirmationList: ({ house }) => ({ changes: house.waiting.map(({ view }) => view), links: [] }),
  confirmationGive: (context, { number }) => {
    needFactor(context);
    const { summary, added } = decided(context, number);
    if (added !== undefined) {
      context.house.devices.push(added.device);
      context.house.openings.push({ ...added.opening, state: 'open' });
    }
    return { number, summary };
  },
  confirmationRefuse: (context, { number }) => {
    needFactor(context);
    return { number, summary: decided(context, number).summary };
  },
  openingList: ({ house }) => house.openings,
  clientList: ({ house }) => house.clients,
  clientRemove: (context, { name }) => {
    needFactor(context);
    context.house.clients = context.house.clients.filter((client) => client.name !== name);
    return { name };
  },
  openingShow: ({ house }, { name }) => named(house.openings, (opening) => opening.name === name),
  openingClose: (context, { name, reason }) => {
    needFactor(context);
    const { house } = context;
    const index = house.openings.findIndex((opening) => opening.name === name);
    const opening = house.openings[index];
    if (opening === undefined) throw new Refused(404, 'NOT_FOUND', 'There is no such opening');
    house.openings[index] = {
      ...opening,
      state: 'closed',
      closed: { at: new Date().toISOString(), by: 'ada', reason },
    };
    return { name, associationsEnded: 1 };
  },
  emergencyOwnShow: (context) => ownEmergency(context),
  emergencyOpen: (context, { patientId, birthDate, minutes = 60 }) => {
    needFactor(context);
    // Two people have this number; one other is known by a birth date.
    if (patientId === 'P7') throw new Refused(409, 'CONFLICT', 'Several patients: say the issuer', { field: 'issuer' });
    if (patientId !== 'P1004' || birthDate !== '1961-04-30') throw new Refused(404, 'NOT_FOUND', 'No such patient');
    if (context.session !== undefined) context.session.emergency = emergencyOf(patientId, minutes);
    return ownEmergency(context);
  },
  emergencyEnd: (context) => {
    if (context.session !== undefined) context.session.emergency = undefined;
    return ownEmergency(context);
  },
  emergencyList: ({ house }, { all }) => ({
    emergencies: house.emergencies.filter(({ review }) => all || review === undefined),
    more: false,
  }),
  emergencyShow: ({ house }, { number }) => {
    const emergency = named(house.emergencies, (one) => one.number === number);
    const uses = house.records
      .filter(({ who }) => who.startsWith('person '))
      .slice(0, 12)
      .map(({ seq, at, event, patientIds, studyInstanceUids }) => ({
        ...{ seq, at, event, patientIds, studyInstanceUids },
        isRefused: false,
      }));
    return { emergency, uses, more: false };
  },
  emergencyReview: (context, { number, verdict, words }) => {
    needFactor(context);
    const { house } = context;
    const index = house.emergencies.findIndex((one) => one.number === number);
    const before = named(house.emergencies, (one) => one.number === number);
    const review = { at: new Date().toISOString(), by: context.session?.account.email ?? '', verdict, words };
    const reviewed: EmergencyView = { ...before, state: 'reviewed', overdue: false, review };
    house.emergencies[index] = reviewed;
    return reviewed;
  },
  studyRelease: (context, { studyInstanceUid, device, until }) => {
    needFactor(context);
    return { studyInstanceUid, device, until };
  },
  ledgerShow: ({ house }, { who, patient, event, rows }) => {
    const found = house.records.filter(
      (record) =>
        (who === undefined || record.who.toLowerCase().includes(who.toLowerCase())) &&
        (patient === undefined || record.patientIds.includes(patient)) &&
        (event === undefined || record.event.startsWith(event)),
    );
    return { records: found.slice(0, rows), more: found.length > rows };
  },
  ledgerVerify: ({ house }) => ({
    intact: true,
    records: house.status.ledger.records,
    head: { seq: house.status.ledger.records, hash: house.status.ledger.head },
    checkpoints: 211,
    lastCheckpoint: { seq: 48_200, at: house.status.ledger.lastCheckpointAt ?? '' },
    unfinishedEnd: false,
  }),
  activityShow: ({ house }, { days }) => ({
    days: Array.from({ length: days }, (_, index) => {
      const at = new Date(house.nowMs - (days - 1 - index) * 86_400_000);
      const isQuiet = at.getUTCDay() % 6 === 0;
      return {
        day: at.toISOString().slice(0, 10),
        received: isQuiet ? 24 + index : 130 + ((index * 37) % 48),
        sent: isQuiet ? 15 : 82 + ((index * 23) % 31),
        searches: isQuiet ? 90 : 640 + ((index * 71) % 180),
        refused: index === 9 ? 41 : (index * 5) % 4,
      };
    }),
  }),
  configShow: () => ({
    groups: explainedConfig({
      ...parseConfig(defaultConfigText(), 'leadglass.yaml'),
      names: ['leadglass.klinikum.example'],
    }),
  }),
  accountList: ({ house }) => house.accounts,
  accountShow: (context, { email }) => {
    const account = personOf(context, email);
    return {
      account,
      factors: ['passkey', 'password', 'code'],
      passkeys: [{ name: 'Firefox · Windows', suspended: false }],
      recoveryCodesLeft: 7,
      sessions: sessionsOf(context),
      history: [{ at: account.createdAt, by: account.createdBy, what: 'invited', reason: 'radiology' }],
    };
  },
  accountInvite: (context, { email, role }) => {
    needFactor(context);
    const { house } = context;
    if (house.accounts.some((account) => account.email === email)) {
      throw new Refused(409, 'CONFLICT', 'There is an account with this e-mail already', { field: 'email' });
    }
    const at = new Date().toISOString();
    const invited: AccountView = { email, name: '', role, state: 'invited', createdAt: at, createdBy: 'ada' };
    house.accounts.push(invited);
    return linkFor(invited, false);
  },
  accountDisable: (context, { email, reason }) => {
    needFactor(context);
    const { accounts: list } = context.house;
    const index = list.indexOf(personOf(context, email));
    const disabled = { at: new Date().toISOString(), by: 'ada', reason };
    list[index] = { ...personOf(context, email), state: 'disabled', disabled };
    return { sessionsEnded: 1 };
  },
  accountReset: (context, { email }) => {
    needFactor(context);
    return linkFor(personOf(context, email), true);
  },
  accountOpenings: ({ house }, { email }) => house.personOpenings.filter((opening) => opening.email === email),
  accountOpen: (context, { email, allow, scope, project, options, addresses, until, reason }) => {
    const { account: me } = needFactor(context);
    const { house } = context;
    const { role } = personOf(context, email);
    if (addresses.some((address) => !/^[\d.:a-f/]+$/.test(address))) {
      throw new Refused(400, 'BAD_REQUEST', 'addresses: is not a network', { field: 'addresses' });
    }
    closeFor(context, email, `replaced: ${reason}`);
    const deIdentified = project === undefined ? {} : { deIdentified: { project, options: options ?? [] } };
    const { modalities, departments, studyDateFrom, studyDateTo } = scope;
    const opened: PersonOpeningView = {
      ...{ number: house.personOpenings.length + 1, email, role, allow, addresses, reason, until, state: 'open' },
      scope: {
        ...(modalities === undefined ? {} : { modalities }),
        ...(departments === undefined ? {} : { departments }),
        ...(studyDateFrom === undefined ? {} : { studyDateFrom }),
        ...(studyDateTo === undefined ? {} : { studyDateTo }),
        ...deIdentified,
      },
      ...{ owner: me.email, from: new Date().toISOString() },
    };
    house.personOpenings = [...house.personOpenings, opened];
    return opened;
  },
  accountClose: (context, { email, reason }) => {
    needFactor(context);
    return { email, closed: closeFor(context, email, reason) };
  },
  accountConfirm: (_context, { email }) => ({ email }),
  accountTie: (context, { email }) => {
    needFactor(context);
    return { email, sessionsEnded: 1 };
  },
  accountSessions: (context) => sessionsOf(context),
  accountSessionsEnd: (context, { email }) => {
    needFactor(context);
    return { email, sessionsEnded: 2 };
  },
};

function closeFor({ house, session }: Context, email: string, reason: string): number {
  const closed = { at: new Date().toISOString(), by: session?.account.email ?? '', reason };
  const isOpen = (one: PersonOpeningView): boolean => one.email === email && one.state === 'open';
  const count = house.personOpenings.filter(isOpen).length;
  house.personOpenings = house.personOpenings.map((one) => (isOpen(one) ? { ...one, state: 'closed', closed } : one));
  return count;
}

export function emergencyOf(
  patientId: string,
  minutes: number,
): { readonly patientId: string; readonly until: string } {
  return { patientId, until: new Date(Date.now() + minutes * 60_000).toISOString() };
}

function ownEmergency({ session }: Context): OwnEmergency {
  const open = session?.emergency;
  const from = new Date().toISOString();
  return {
    mayOpen: true,
    left: 2,
    minutesMax: 240,
    minutesUsual: 60,
    ...(open === undefined
      ? {}
      : { open: { ...open, number: 50, issuer: '', reason: 'Polytrauma in the shock room', from } }),
  };
}

function decided({ house }: Context, number: number): { readonly summary: string; readonly added?: DeviceAdded } {
  const index = house.waiting.findIndex(({ view }) => view.number === number);
  const [found] = index < 0 ? [] : house.waiting.splice(index, 1);
  if (found === undefined) throw new Refused(404, 'NOT_FOUND', 'There is no change of this number');
  const { view, added } = found;
  return { summary: view.summary, ...(added === undefined ? {} : { added }) };
}

const pem = (label: string): string => `-----BEGIN ${label}-----\nMIIB\n-----END ${label}-----\n`;
const server = { host: 'leadglass.klinikum.example', port: 2762, aeTitle: 'LEADGLASS', tls: true };

function addedOf(given: CallArguments<'deviceAdd'>): DeviceAdded {
  const at = new Date().toISOString();
  const isPlain = given.credential.kind === 'plain';
  return {
    device: {
      aeTitle: given.aeTitle,
      purpose: given.purpose,
      state: 'active',
      reason: given.reason,
      owner: 'ada',
      enrolledAt: at,
      certificates: [],
      openings: [given.aeTitle],
      warnings: [],
    },
    opening: {
      id: 900,
      name: given.aeTitle,
      device: given.aeTitle,
      purpose: given.purpose,
      operations: given.operations ?? ['verify', 'store', 'commit'],
      addresses: given.addresses,
      scope: given.scope,
      privateSopClasses: given.privateSopClasses,
      moveDestinations: [],
      reason: given.reason,
      until: given.until,
      door: isPlain ? 'dimse-plain' : 'dimse-tls',
      openDoors: [isPlain ? 'dimse-plain' : 'dimse-tls'],
      state: 'waiting',
      owner: 'ada',
      createdAt: at,
      useCount: 0,
      warnings: [],
    },
    ...(isPlain ? {} : { certificatePem: pem('CERTIFICATE') }),
    authorityPem: pem('CERTIFICATE'),
    server: { ...server, tls: !isPlain },
    warnings: [],
  };
}

function personOf({ house }: Context, email: string): AccountView {
  return named(house.accounts, (account) => account.email === email);
}

function sessionsOf({ house }: Context): readonly AccountSessionView[] {
  return house.ownSessions.map(({ id, createdAt, lastUsedAt, address, userAgent }) => ({
    number: id,
    method: 'passkey',
    createdAt,
    usedAt: lastUsedAt,
    address,
    userAgent,
  }));
}

function linkFor(account: AccountView, needsConfirmation: boolean): AccountLink {
  const link = 'https://leadglass.klinikum.example:8443/enrol#n6nCw2Vd0m3jYkq8TzXb5R';
  return { account, link, until: new Date(Date.now() + 2 * 86_400_000).toISOString(), needsConfirmation };
}
