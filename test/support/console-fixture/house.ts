/** The state behind the fixture: people, devices, openings and a ledger as a small hospital has them. Invented throughout. */
import type { OwnFactors, OwnSession, PasscodeView, SessionView } from '../../../src/doors/console/people-flows.ts';
import type { Role } from '../../../src/guard/roles.ts';
import type {
  DeviceAdded,
  WaitingView,
  AccountView,
  ClientView,
  DeviceView,
  EmergencyView,
  LedgerRecordView,
  OpeningView,
  PersonOpeningView,
  StatusReport,
} from '../../../src/doors/control/control-services.ts';

const dayMs = 86_400_000;
export const password = 'seven lamps over quiet water';
export const code = '314159';
export const invitation = 'invitation-of-grace';

export interface FixtureSession {
  readonly id: string;
  readonly account: AccountView;
  readonly signedInAtMs: number;
  stepUpUntilMs: number;
  emergency?: NonNullable<SessionView['emergency']> | undefined;
}
export interface House {
  readonly nowMs: number;
  readonly accounts: AccountView[];
  readonly devices: DeviceView[];
  readonly openings: OpeningView[];
  personOpenings: PersonOpeningView[];
  /** What waits for a second person, with what is there afterwards. */
  readonly waiting: { readonly view: WaitingView; readonly added?: DeviceAdded }[];
  clients: ClientView[];
  readonly records: LedgerRecordView[];
  readonly emergencies: EmergencyView[];
  readonly sessions: Map<string, FixtureSession>;
  /** WebAuthn credential id -> e-mail. */
  readonly passkeys: Map<string, string>;
  factors: OwnFactors;
  ownSessions: OwnSession[];
  passcodes: PasscodeView[];
  status: StatusReport;
}

export function makeHouse(nowMs: number = Date.now()): House {
  const at = (days: number): string => new Date(nowMs + days * dayMs).toISOString();
  const day = (days: number): string => at(days).slice(0, 10);
  const openings = makeOpenings(at, day);
  return {
    nowMs,
    accounts: makeAccounts(at, day),
    devices: makeDevices(openings, at),
    openings,
    personOpenings: makePersonOpenings(at, day),
    waiting: makeWaiting(at),
    clients: [
      {
        name: 'ohif',
        title: 'OHIF viewer',
        redirectUris: ['https://viewer.klinikum.example/callback'],
        scope: 'user/ImagingStudy.rs',
        reason: 'viewer of the wards',
        owner: 'operator root',
        from: at(-30),
        until: at(200),
        state: 'open',
        lastUsedAt: at(-0.2),
      },
    ],
    records: makeRecords(nowMs),
    emergencies: makeEmergencies(at),
    sessions: new Map(),
    passkeys: new Map(),
    factors: {
      passkeys: [{ id: 1, label: 'Firefox · Windows', createdAt: at(-200), lastUsedAt: at(-0.1) }],
      hasPassword: true,
      hasCode: true,
      recoveryCodesLeft: 3,
    },
    passcodes: [{ id: 1, device: 'READ1', createdAt: at(-0.02), until: at(0.02) }],
    ownSessions: [
      {
        id: 1,
        current: true,
        createdAt: at(-0.1),
        lastUsedAt: at(0),
        workstation: 'ROOM3',
        address: '10.20.4.17',
        userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0',
      },
      {
        id: 2,
        current: false,
        createdAt: at(-3),
        lastUsedAt: at(-1.2),
        address: '10.20.9.3',
        userAgent:
          'Mozilla/5.0 (iPhone; CPU iPhone OS 20_1 like Mac OS X) AppleWebKit/605.1.15 Version/20.1 Safari/604.1',
      },
    ],
    status: {
      version: '0.1.0',
      startedAt: at(-12),
      dataDirectory: '/srv/leadglass',
      aeTitle: 'LEADGLASS',
      doors: [
        { name: 'dimse', protocol: 'DICOM over TLS', address: '10.20.0.5', port: 2762 },
        { name: 'console', protocol: 'HTTPS', address: '10.20.0.5', port: 8443 },
        { name: 'plain', protocol: 'DICOM without TLS', address: '10.20.8.5', port: 11_112 },
      ],
      openings: { open: openings.length, expiringSoon: 2, neverUsed: 1, plain: 1 },
      devices: openings.length,
      associations: 4,
      archive: { studies: 18_412, instances: 5_204_118, bytes: 2_918_400_000_000, conflicts: 2, mismatchedStudies: 1 },
      ledger: { records: 48_221, head: 'c3'.repeat(32), lastCheckpointAt: at(-0.004) },
      certificates: [],
      warnings: [
        '1 device comes without TLS, so images and names can be read on the way: as soon as a device can do TLS, close its plain opening and enrol it with "leadglass device add".',
        '2 instances arrived under a known UID with other content and are kept aside: decide with "leadglass conflict list".',
      ],
    },
  };
}

type At = (days: number) => string;

function makeOpenings(at: At, day: At): OpeningView[] {
  let id = 0;
  const opening = (
    device: string,
    purpose: OpeningView['purpose'],
    reason: string,
    given: {
      readonly ends: number;
      readonly used?: number;
      readonly uses?: number;
      readonly more?: Partial<OpeningView>;
    },
  ): OpeningView => ({
    id: ++id,
    name: device,
    device,
    purpose,
    operations: purpose === 'acquisition' ? ['verify', 'store', 'commit'] : ['verify', 'find', 'get', 'move', 'store'],
    addresses: [],
    scope: {},
    privateSopClasses: false,
    moveDestinations: [],
    reason,
    until: day(given.ends),
    door: 'dimse-tls',
    openDoors: ['dimse-tls'],
    state: 'open',
    owner: 'operator ada',
    createdAt: at(-140),
    ...(given.used === undefined ? {} : { lastUsedAt: at(given.used) }),
    useCount: given.uses ?? 0,
    warnings: [],
    ...given.more,
  });
  return [
    opening('CT1', 'acquisition', 'CT, room 1', { ends: 215, used: -0.01, uses: 4812 }),
    opening('CT2', 'acquisition', 'CT, emergency', { ends: 215, used: -0.2, uses: 2290 }),
    opening('MR1', 'acquisition', 'MR 3T, basement', { ends: 22, used: -0.05, uses: 1904 }),
    opening('US4', 'acquisition', 'Ultrasound, ward 4', {
      ends: 120,
      used: -9,
      uses: 77,
      more: { scope: { ownStudiesOnly: true } },
    }),
    opening('MG1', 'acquisition', 'Mammography', { ends: 300, used: -2, uses: 640 }),
    opening('DX3', 'acquisition', 'X-ray, room 3', { ends: 300 }),
    opening('OLD1', 'acquisition', 'C-arm of 2009', {
      ends: 40,
      used: -0.6,
      uses: 91,
      more: {
        door: 'dimse-plain',
        openDoors: ['dimse-plain'],
        plain: { risk: '2009 C-arm, own VLAN', port: 11_112 },
        addresses: ['10.20.8.40/32'],
        warnings: ['has no TLS: images and names can be read on the way'],
      },
    }),
    opening('READ1', 'reading', 'Reading room, north', {
      ends: 215,
      used: -0.02,
      uses: 9120,
      more: { openDoors: ['dimse-tls', 'web'] },
    }),
    opening('READ2', 'reading', 'Reading room, south', { ends: 215, used: -0.4, uses: 7003 }),
    opening('TUMOR', 'reading', 'Tumour board', {
      ends: 12,
      used: -6,
      uses: 52,
      more: { scope: { departments: ['Oncology'] } },
    }),
    opening('WARD3', 'reading', 'Viewer, ward 3', {
      ends: 90,
      used: -110,
      uses: 3,
      more: { door: 'web', openDoors: ['web'] },
    }),
    opening('PARTNER', 'exchange', 'Hospital across the river', { ends: 61, used: -1.5, uses: 210 }),
    opening('VAULT', 'archive', 'Long-term archive', { ends: 330, used: -0.3, uses: 15_210 }),
  ];
}

function makeWaiting(at: At): House['waiting'] {
  const view = {
    ...{ number: 3, kind: 'device-add' as const, askedBy: 'grace@klinikum.example', operatorOnly: false },
    summary: 'add US7, opening US7: acquisition, verify, store, commit at dimse-tls from 10.4.0.0/16',
    ...{ reason: 'Ultrasound, ward 4', askedAt: at(-0.1), until: at(3.9) },
  };
  return [{ view }];
}

function makeDevices(openings: readonly OpeningView[], at: At): DeviceView[] {
  return openings.map((opening, index) => ({
    aeTitle: opening.device,
    purpose: opening.purpose,
    state: 'active',
    reason: opening.reason,
    owner: 'operator ada',
    enrolledAt: opening.createdAt,
    certificates:
      opening.plain === undefined
        ? [
            {
              fingerprint256: `${index.toString(16).padStart(2, '0')}a7`.repeat(16),
              origin: index % 5 === 4 ? 'pinned' : 'own',
              subject: `CN=${opening.device}`,
              notAfter: at(index === 2 ? 22 : 215),
              state: 'valid',
            },
          ]
        : [],
    openings: [opening.name],
    ...(opening.lastUsedAt === undefined ? {} : { lastUsedAt: opening.lastUsedAt }),
    warnings: opening.warnings,
  }));
}

function makeAccounts(at: At, day: At): AccountView[] {
  const person = (name: string, role: Role, more: Partial<AccountView> = {}): AccountView => ({
    email: `${name.split(' ')[0]?.toLowerCase()}@klinikum.example`,
    name,
    role,
    state: 'active',
    createdAt: at(-120),
    createdBy: 'person ada@klinikum.example',
    ...more,
  });
  return [
    person('Ada Weber', 'administrator', { createdBy: 'system' }),
    person('Paul Okonkwo', 'physician'),
    person('Lena Fischer', 'physician'),
    person('Sina Lindqvist', 'security-officer'),
    person('Tim Barroso', 'technologist'),
    person('Rita Halloran', 'researcher', { until: day(60) }),
    person('Emil Nakamura', 'exchange-clerk'),
    person('Nora Achterberg', 'physician', {
      state: 'disabled',
      disabled: { at: at(-9), by: 'person ada@klinikum.example', reason: 'left the hospital' },
    }),
    { ...person('grace', 'physician', { state: 'invited' }), name: '' },
  ];
}

function makePersonOpenings(at: At, day: At): PersonOpeningView[] {
  const opening = (number: number, name: string, given: Partial<PersonOpeningView>): PersonOpeningView => ({
    number,
    email: `${name}@klinikum.example`,
    role: 'physician',
    allow: ['find', 'get', 'store'],
    scope: {},
    addresses: [],
    reason: 'invited',
    owner: 'ada@klinikum.example',
    from: at(-120),
    until: day(215),
    state: 'open',
    ...given,
  });
  return [
    opening(1, 'paul', {
      state: 'closed',
      closed: { at: at(-60), by: 'ada@klinikum.example', reason: 'replaced: CT readers' },
    }),
    opening(2, 'paul', {
      from: at(-60),
      reason: 'CT readers',
      scope: { modalities: ['CT', 'MR'], studyDateFrom: day(-700) },
      addresses: ['10.20.0.0/16'],
    }),
    opening(3, 'tim', { role: 'technologist' }),
    opening(4, 'emil', { role: 'exchange-clerk', allow: ['find', 'get', 'release'] }),
  ];
}

/** One that waits, one that waits for too long, one that was not justified. */
function makeEmergencies(at: At): EmergencyView[] {
  const emergency = (number: number, days: number, more: Partial<EmergencyView>): EmergencyView => ({
    number,
    email: 'paul@klinikum.example',
    role: 'physician',
    patientId: 'P1004',
    issuer: 'KLINIKUM',
    reason: 'Polytrauma in the shock room, earlier CT needed before surgery',
    from: at(days),
    until: at(days + 1 / 24),
    state: 'to-review',
    overdue: false,
    ended: { at: at(days + 0.02), how: 'ended by the person' },
    ...more,
  });
  return [
    emergency(31, -6, { overdue: true, patientId: 'P1002', reason: 'Stroke, question of an old infarct' }),
    emergency(44, -0.3, {}),
    emergency(12, -40, {
      email: 'nora@klinikum.example',
      state: 'reviewed',
      review: {
        at: at(-38),
        by: 'sina@klinikum.example',
        verdict: 'unjustified',
        words: 'The patient was a neighbour and never in treatment here. Talked with the head of the department.',
      },
    }),
  ];
}

function makeRecords(nowMs: number): LedgerRecordView[] {
  const whos = ['CT1', 'READ1', 'operator ada', 'MR1', 'person paul@klinikum.example'];
  const events = [
    '110104 DICOM Instances Transferred',
    '110112 Query',
    '110102 Begin Transferring DICOM Instances',
    '110114 User Authentication: Login',
    '110113 Security Alert: Node Authentication',
  ];
  return Array.from({ length: 140 }, (_, index) => {
    const event = events[(index * 7) % 5] ?? '';
    const isRefusal = event.startsWith('110113');
    return {
      seq: 48_221 - index,
      at: new Date(nowMs - index * 17 * 60_000).toISOString(),
      event,
      outcome: isRefusal ? 'serious failure' : 'success',
      who: isRefusal ? 'unknown' : (whos[(index * 3) % 5] ?? ''),
      from: `10.20.${index % 9}.${(index * 13) % 250}`,
      ...(isRefusal ? { reason: 'certificate-unknown' } : { opening: 'CT1' }),
      patientIds: event.startsWith('11010') ? [`P${1000 + (index % 6)}`] : [],
      studyInstanceUids: event.startsWith('11010') ? [`1.2.826.0.1.3680043.8.498.${1000 + (index % 6)}`] : [],
    };
  });
}
