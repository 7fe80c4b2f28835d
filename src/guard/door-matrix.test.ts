/**
 * Principal × operation × door: who comes in where by an opening of which door, and what each may do there. A new purpose, a new
 * operation, a new way of retrieving or a new door without its cells does not compile, or fails the last test. People have a
 * matrix of their own: person-matrix.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeToken, tokenHash } from './identify/token.ts';
import type { PeerFacts } from './identify/peer-facts.ts';
import { type OpeningDoor, openingDoors, purposes } from './opening.ts';
import type { Operation, OperationKind, Retrieve } from './operation.ts';
import type { Principal, Purpose } from './principal.ts';
import {
  aet,
  type Cell,
  cellOf,
  certificateFacts,
  commitOf,
  ctImage,
  enrol,
  findOf,
  greyscalePresentation,
  type House,
  makeHouse,
  peerFacts,
  plainFacts,
  retrieveOf,
  startMs,
  storeOf,
  studyA,
  webFacts,
} from './test-support.ts';
import { isWorkstationPurpose } from './workstations.ts';

const operations = {
  verify: { kind: 'verify' },
  'store image': storeOf(ctImage),
  'store evidence': storeOf(greyscalePresentation),
  find: findOf(),
  'retrieve get': retrieveOf({ via: 'get' }),
  'retrieve web': retrieveOf({ via: 'web' }),
  'retrieve move': retrieveOf({ via: 'move', destination: aet('WS1') }),
  'retrieve export': retrieveOf({ via: 'export' }),
  commit: commitOf(),
  'remove, request': { kind: 'remove', studyInstanceUid: studyA, step: 'request', reason: 'r' },
  'remove, undo': { kind: 'remove', studyInstanceUid: studyA, step: 'undo', reason: 'r' },
  'remove, finish': { kind: 'remove', studyInstanceUid: studyA, step: 'finish', reason: 'r' },
  resolve: { kind: 'resolve', conflictId: 1, keep: 'stored', reason: 'r' },
  administer: { kind: 'administer', command: 'device add', summary: 's' },
} as const satisfies Record<string, Operation>;
type OperationCase = keyof typeof operations;

const never = {
  'retrieve export': 'purpose',
  'remove, request': 'purpose',
  'remove, undo': 'purpose',
  'remove, finish': 'purpose',
  resolve: 'purpose',
  administer: 'purpose',
} as const;
const reads = {
  find: 'admitted',
  'retrieve get': 'admitted',
  'retrieve web': 'admitted',
  'retrieve move': 'admitted',
} as const;

const nothingAlone = {
  ...never,
  verify: 'purpose',
  'store image': 'purpose',
  'store evidence': 'purpose',
  find: 'purpose',
  'retrieve get': 'purpose',
  'retrieve web': 'purpose',
  'retrieve move': 'purpose',
  commit: 'purpose',
} as const;

/** What may be done; the door makes no difference to it. */
const mayDo = {
  acquisition: {
    ...never,
    verify: 'admitted',
    'store image': 'admitted',
    'store evidence': 'admitted',
    find: 'purpose',
    'retrieve get': 'purpose',
    'retrieve web': 'purpose',
    'retrieve move': 'purpose',
    commit: 'admitted',
  },
  reading: {
    ...never,
    ...reads,
    verify: 'admitted',
    'store image': 'sop-class',
    'store evidence': 'admitted',
    commit: 'purpose',
  },
  exchange: {
    ...never,
    ...reads,
    verify: 'admitted',
    // Not usual: taking images from a partner is a decision of its own.
    'store image': 'operation',
    'store evidence': 'operation',
    commit: 'purpose',
  },
  archive: {
    ...never,
    ...reads,
    // Not usual, and then only the step that can be undone.
    'remove, request': 'operation',
    verify: 'admitted',
    'store image': 'admitted',
    'store evidence': 'admitted',
    commit: 'admitted',
  },
  // A workstation is nobody by itself: only people who sit at it do something.
  'workstation-reading': nothingAlone,
  'workstation-exchange': nothingAlone,
  'workstation-administration': nothingAlone,
} as const satisfies Record<Purpose, Record<OperationCase, Cell>>;

const ways = {
  'DIMSE over TLS': { door: 'dimse-tls', facts: () => peerFacts() },
  'DIMSE without TLS': { door: 'dimse-plain', facts: () => plainFacts() },
  'web by certificate': { door: 'web', facts: () => webFacts({ certificate: certificateFacts() }) },
  'web by token': { door: 'web', facts: (house, openingId) => webFacts({ token: tokenFor(house, openingId) }) },
  'web with nothing': { door: 'web', facts: () => webFacts() },
} as const satisfies Record<string, { door: OpeningDoor; facts: (house: House, openingId: number) => PeerFacts }>;
type Way = keyof typeof ways;

/** Who comes in: by an opening of this door, this way. */
const comesIn = {
  'dimse-tls': {
    'DIMSE over TLS': 'admitted',
    'DIMSE without TLS': 'door',
    'web by certificate': 'door',
    'web by token': 'door',
    'web with nothing': 'credential-missing',
  },
  'dimse-plain': {
    'DIMSE over TLS': 'door',
    'DIMSE without TLS': 'admitted',
    'web by certificate': 'door',
    'web by token': 'door',
    'web with nothing': 'credential-missing',
  },
  web: {
    'DIMSE over TLS': 'door',
    'DIMSE without TLS': 'door',
    'web by certificate': 'admitted',
    'web by token': 'admitted',
    'web with nothing': 'credential-missing',
  },
} as const satisfies Record<OpeningDoor, Record<Way, Cell>>;

/** Also where no command would make one: a row of the database opens no door that its opening does not name. */
function tokenFor({ store }: House, openingId: number): string {
  const token = makeToken();
  const hash = tokenHash(token);
  assert.ok(hash);
  store.addToken(hash, { device: aet('CT1'), openingId, createdAtMs: startMs, notAfterMs: startMs + 60_000 });
  return token;
}

function open(house: House, door: OpeningDoor, purpose: Purpose): number {
  const plain = { addresses: ['10.1.2.3/32'], plain: { risk: 'r', port: 11_112 } };
  const moveDestinations =
    purpose === 'acquisition' || isWorkstationPurpose(purpose)
      ? []
      : [{ aeTitle: aet('WS1'), host: 'ws1', port: 104, trust: 'own-authority' }];
  return enrol(house.store, { purpose, doors: [door], moveDestinations, ...(door === 'dimse-plain' ? plain : {}) });
}

const casesOf = <K extends string, V>(table: Readonly<Record<K, V>>): readonly (readonly [string, V])[] =>
  Object.entries<V>(table);

for (const openingDoor of openingDoors) {
  for (const [way, { facts }] of casesOf<Way, (typeof ways)[Way]>(ways)) {
    const usual = new Map(casesOf<Way, Cell>(comesIn[openingDoor])).get(way);
    for (const purpose of purposes) {
      // An opening that no command would make opens nothing: a workstation has the web door alone.
      const isNone = isWorkstationPurpose(purpose) && openingDoor !== 'web' && usual === 'admitted';
      const expected = isNone ? 'purpose' : usual;
      test(`${purpose}, an opening of ${openingDoor}, ${way}: ${expected === 'admitted' ? 'comes in and does what its purpose holds' : `refused (${expected})`}`, async () => {
        await using house = makeHouse();
        const openingId = open(house, openingDoor, purpose);
        const shown = facts(house, openingId);
        if (expected !== 'admitted') {
          assert.equal(await cellOf(house.guard.identify(shown)), expected);
          assert.equal(house.ledger.last.reason, expected, 'and it is recorded');
          return;
        }
        const session = house.guard.session(await house.guard.identify(shown));
        for (const [name, cell] of casesOf<OperationCase, Cell>(mayDo[purpose])) {
          const operation = new Map<string, Operation>(casesOf<OperationCase, Operation>(operations)).get(name);
          assert.ok(operation);
          const admit = session.admit(operation).then((admission) => admission[Symbol.asyncDispose]());
          assert.equal(await cellOf(admit), cell, name);
          assert.equal(house.ledger.last.door, shown.door);
        }
      });
    }
  }
}

/** Who does not come through a door of devices: the control socket's users, and Leadglass itself. */
const others = {
  operator: { principal: { kind: 'operator', user: 'root' }, may: () => true },
  system: { principal: { kind: 'system', job: 'recovery' }, may: (kind) => kind === 'administer' },
} as const satisfies Record<
  Exclude<Principal['kind'], 'device' | 'person'>,
  { principal: Principal; may: (kind: OperationKind) => boolean }
>;

for (const [name, { principal, may }] of Object.entries(others)) {
  test(`${name}: does what it may, through the control door alone`, async () => {
    await using house = makeHouse();
    const session = house.guard.session(principal);
    for (const operation of Object.values(operations)) {
      if (operation.kind === 'retrieve' && operation.via === 'move') continue;
      const admit = session.admit(operation).then((admission) => admission[Symbol.asyncDispose]());
      assert.equal(await cellOf(admit), may(operation.kind) ? 'admitted' : 'operation');
    }
  });
}

test('no operation and no way of retrieving is without a cell', () => {
  const kinds = new Set(Object.values(operations).map(({ kind }) => kind));
  const all = {
    verify: true,
    store: true,
    find: true,
    retrieve: true,
    commit: true,
    remove: true,
    resolve: true,
    administer: true,
  } satisfies Record<OperationKind, true>;
  assert.deepEqual(kinds, new Set(Object.keys(all)));
  const vias = { get: true, web: true, move: true, export: true } satisfies Record<Retrieve['via'], true>;
  for (const via of Object.keys(vias)) assert.ok(`retrieve ${via}` in operations, via);
  for (const door of openingDoors)
    assert.ok(
      Object.values(ways).some((way) => way.door === door),
      door,
    );
});
