/** Control services over plain maps, for tests of the door and of the commands. */
import { LeadglassError } from '../../error.ts';
import type { CallArguments } from './control-calls.ts';
import type { AccountView, Call, ControlServices, DeviceAdded, StatusReport } from './control-services.ts';

export interface FakeControl {
  readonly services: ControlServices;
  /** `command by user`, in order. */
  readonly calls: string[];
  readonly imported: Uint8Array[];
  readonly ended: string[];
  /** Of renewals. */
  readonly reasons: string[];
  status: StatusReport;
}

const emptyStatus: StatusReport = {
  version: '0.1.0',
  startedAt: '2026-11-25T10:00:00.000Z',
  dataDirectory: '/data',
  aeTitle: 'LEADGLASS',
  doors: [
    { name: 'DIMSE', protocol: 'DICOM over TLS', address: '127.0.0.1', port: 2762 },
    { name: 'console', protocol: 'https', address: '127.0.0.1', port: 8443 },
  ],
  certificates: [
    {
      door: 'console',
      from: 'own-authority',
      names: ['localhost', '127.0.0.1', '::1', 'pacs.example'],
      issuer: 'CN=Leadglass issuing 12345678',
      notAfter: '2027-11-25T10:00:00.000Z',
      fingerprint256: 'cd'.repeat(32),
    },
  ],
  openings: { open: 0, expiringSoon: 0, neverUsed: 0, plain: 0 },
  devices: 0,
  associations: 0,
  archive: { studies: 0, instances: 0, bytes: 0, conflicts: 0, mismatchedStudies: 0 },
  ledger: { records: 1, head: 'ab'.repeat(32) },
  warnings: [],
};

export function fakeControl(): FakeControl {
  const devices = new Map<string, DeviceAdded>();
  const accounts = new Map<string, AccountView>();
  const session = {
    number: 1,
    method: 'passkey',
    createdAt: '2026-11-25T10:00:00.000Z',
    usedAt: '2026-11-25T10:05:00.000Z',
    address: '10.0.0.7',
    userAgent: 'Firefox',
  };
  const missing = (): LeadglassError => new LeadglassError('NOT_FOUND', 'There is no such device');
  const note = (call: Call): void =>
    void fake.calls.push(`${call.command} by ${'user' in call.caller ? call.caller.user : 'a person'}`);
  const notHere = (): Promise<never> => Promise.reject(new LeadglassError('UNSUPPORTED', 'Not in this test'));
  const services: ControlServices = {
    status: async (call) => {
      note(call);
      return fake.status;
    },
    deviceAdd: async (call, given) => {
      note(call);
      if (devices.has(given.aeTitle)) throw new LeadglassError('CONFLICT', `${given.aeTitle} is enrolled already`);
      const added = addedOf(given);
      devices.set(given.aeTitle, added);
      return added;
    },
    deviceList: async () => [...devices.values()].map(({ device }) => device),
    deviceShow: async (_call, { aeTitle }) => {
      const found = devices.get(aeTitle);
      if (found === undefined) throw missing();
      return { device: found.device, openings: [found.opening] };
    },
    deviceRenew: async (call, { aeTitle, until, reason, credential }) => {
      note(call);
      const found = devices.get(aeTitle);
      if (found === undefined) throw missing();
      fake.reasons.push(reason ?? '');
      const certificate = (fingerprint256: string, notAfter: string) =>
        ({ fingerprint256, origin: 'own', subject: `CN=${aeTitle}`, notAfter, state: 'valid' }) as const;
      const before = certificate('aa', '2027-06-30T23:59:59.000Z');
      const certificates = credential === undefined ? [before] : [before, certificate('bb', `${until}T23:59:59.000Z`)];
      return { ...found, device: { ...found.device, certificates }, opening: { ...found.opening, until } };
    },
    deviceToken: async (call, { aeTitle, minutes = 60 }) => {
      note(call);
      const found = devices.get(aeTitle);
      if (found === undefined) throw missing();
      const until = `2026-11-25T10:${String(minutes % 60).padStart(2, '0')}:00.000Z`;
      const token = `lgd_${'A'.repeat(43)}`;
      return { aeTitle, opening: aeTitle, number: 1, token, until, baseUrl: 'https://localhost:8443/dicom-web' };
    },
    deviceTokenEnd: async (call, { aeTitle }) => {
      note(call);
      return { aeTitle, tokensEnded: 2 };
    },
    deviceRevoke: async (call, { aeTitle }) => {
      note(call);
      if (!devices.delete(aeTitle)) throw missing();
      return { aeTitle, certificatesRevoked: 1, sharedWith: [], openingsClosed: 1, associationsEnded: 0 };
    },
    openingList: async () => [...devices.values()].map(({ opening }) => opening),
    openingShow: async (_call, { name }) => {
      const found = devices.get(name);
      if (found === undefined) throw missing();
      return found.opening;
    },
    openingClose: async (_call, { name }) => ({ name, associationsEnded: 1 }),
    openingExport: async () => ({ openings: [] }),
    openingApply: async (_call, { openings, planned }) => ({
      changes: openings.map(({ name }) => ({ kind: 'open', name, lines: ['until: 2027-06-30'] })),
      digest: 'd1',
      applied: planned === 'd1',
    }),
    accountInvite: async (call, { email, role, name = email }) => {
      note(call);
      const createdAt = '2026-11-25T10:00:00.000Z';
      const account = { email, name, role, state: 'invited', createdAt, createdBy: 'operator ada' } as const;
      accounts.set(email, account);
      const link = `https://localhost:8443/enrol#lgi_${'A'.repeat(43)}`;
      return { account, link, until: '2026-11-28T10:00:00.000Z', needsConfirmation: false };
    },
    accountOpen: notHere,
    accountClose: notHere,
    accountOpenings: notHere,
    emergencyOpen: notHere,
    emergencyEnd: notHere,
    emergencyOwnShow: notHere,
    emergencyList: notHere,
    emergencyShow: notHere,
    emergencyReview: notHere,
    clientAdd: notHere,
    clientList: async () => [],
    clientShow: notHere,
    clientRemove: notHere,
    accountList: async () => [...accounts.values()],
    accountShow: async (_call, { email }) => {
      const account = accounts.get(email);
      if (account === undefined) throw missing();
      return { account, factors: ['passkey'], passkeys: [], recoveryCodesLeft: 0, sessions: [session], history: [] };
    },
    accountDisable: async (call, { email }) => {
      note(call);
      if (!accounts.has(email)) throw missing();
      return { sessionsEnded: 2 };
    },
    accountReset: async (call, { email }) => {
      note(call);
      const account = accounts.get(email);
      if (account === undefined) throw missing();
      const link = `https://localhost:8443/enrol#lgi_${'B'.repeat(43)}`;
      return { account, link, until: '2026-11-26T10:00:00.000Z', needsConfirmation: true };
    },
    accountConfirm: async (_call, { email }) => ({ email }),
    accountTie: async (_call, { email }) => ({ email, sessionsEnded: 1 }),
    accountSessions: async () => [session],
    accountSessionsEnd: async (_call, { email }) => ({ email, sessionsEnded: 1 }),
    confirmationList: async () => ({ changes: [], links: [] }),
    confirmationGive: async (_call, { number }) => ({ number, summary: 'add CT1' }),
    confirmationRefuse: async (_call, { number }) => ({ number, summary: 'add CT1' }),
    studyList: async () => ({ studies: [], more: false }),
    studyShow: notHere,
    studyRemove: notHere,
    studyRelease: notHere,
    conflictList: async () => ({ conflicts: [], more: false }),
    conflictResolve: notHere,
    verify: async (call) => {
      call.progress({ done: 1, total: 2, unit: 'instances' });
      call.progress({ done: 2, total: 2, unit: 'instances' });
      return { intact: true, instances: 2, bytes: 10, problems: [], problemCount: 0 };
    },
    clockAccept: notHere,
    indexRebuild: notHere,
    ledgerShow: async () => ({ records: [], more: false }),
    ledgerVerify: notHere,
    activityShow: notHere,
    configShow: notHere,
    beginImport: async (call) => {
      note(call);
      return {
        async store(part10) {
          const chunks: Uint8Array[] = [];
          for await (const chunk of part10) chunks.push(chunk);
          const bytes = Buffer.concat(chunks);
          if (bytes.toString('latin1', 128, 132) !== 'DICM') throw new LeadglassError('MALFORMED', 'Not a DICOM file');
          fake.imported.push(bytes);
          return {
            result: 'stored',
            studyInstanceUid: '1.2',
            sopInstanceUid: `1.2.${fake.imported.length}`,
            lengthBytes: bytes.length,
          };
        },
        async end(reason) {
          fake.ended.push(`import ${reason}`);
        },
      };
    },
    beginExport: async (_call, { studyInstanceUid }) => {
      if (studyInstanceUid !== '1.2') throw new LeadglassError('NOT_FOUND', 'There is no such study');
      return {
        instances: fake.imported.map((_, index) => ({
          seriesInstanceUid: '1.2.0',
          sopInstanceUid: `1.2.${index + 1}`,
          modality: 'CT',
        })),
        async *read(index) {
          const bytes = fake.imported[index] ?? new Uint8Array();
          yield bytes.subarray(0, 100);
          if (bytes.includes(0xee)) throw new LeadglassError('CORRUPT', 'Does not verify');
          yield bytes.subarray(100);
        },
        async end(reason) {
          fake.ended.push(`export ${reason}`);
        },
      };
    },
  };
  const fake: FakeControl = { services, calls: [], imported: [], ended: [], reasons: [], status: emptyStatus };
  return fake;
}

function addedOf(given: CallArguments<'deviceAdd'>): DeviceAdded {
  const plain =
    given.credential.kind === 'plain'
      ? { risk: given.credential.risk, port: given.credential.port ?? 11_112 }
      : undefined;
  return {
    device: {
      aeTitle: given.aeTitle,
      purpose: given.purpose,
      state: 'active',
      reason: given.reason,
      owner: 'root',
      enrolledAt: '2026-11-25T10:00:00.000Z',
      certificates: [],
      openings: [given.aeTitle],
      warnings: ['a warning'],
    },
    opening: {
      id: 1,
      name: given.aeTitle,
      device: given.aeTitle,
      purpose: given.purpose,
      operations: given.operations ?? ['verify', 'store', 'commit'],
      addresses: given.addresses,
      scope: given.scope,
      privateSopClasses: given.privateSopClasses,
      moveDestinations: given.moveDestinations,
      reason: given.reason,
      until: given.until,
      ...(plain === undefined ? {} : { plain }),
      door: plain === undefined ? 'dimse-tls' : 'dimse-plain',
      openDoors: [plain === undefined ? 'dimse-tls' : 'dimse-plain'],
      state: 'open',
      owner: 'root',
      createdAt: '2026-11-25T10:00:00.000Z',
      useCount: 0,
      warnings: ['a warning'],
    },
    ...(plain === undefined
      ? { certificatePem: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n' }
      : {}),
    authorityPem: '-----BEGIN CERTIFICATE-----\nBB==\n-----END CERTIFICATE-----\n',
    server: { host: 'localhost', port: plain?.port ?? 2762, aeTitle: 'LEADGLASS', tls: plain === undefined },
    warnings: [],
  };
}
