/**
 * Role × operation: what each role may do at the web door with its usual opening, with all that it can hold, and without any. A new role or
 * a new operation without its cells does not compile.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from './operation.ts';
import { isReadingCommand, type Role, roleBounds, roleCommands, roles } from './roles.ts';
import {
  aet,
  type Cell,
  cellOf,
  commitOf,
  ctImage,
  dayMs,
  doctor,
  findOf,
  greyscalePresentation,
  makeHouse,
  personTerms,
  privateClass,
  retrieveOf,
  startMs,
  storeOf,
  studyA,
  TestPersons,
  webFacts,
} from './test-support.ts';

const operations = {
  verify: { kind: 'verify' },
  commit: commitOf(),
  find: findOf(),
  'retrieve get': retrieveOf({ via: 'get' }),
  'retrieve web': retrieveOf({ via: 'web' }),
  'retrieve move': retrieveOf({ via: 'move', destination: aet('WS1') }),
  'retrieve export': retrieveOf({ via: 'export' }),
  'store image': storeOf(ctImage),
  'store evidence': storeOf(greyscalePresentation),
  'store private': storeOf(privateClass),
  remove: { kind: 'remove', studyInstanceUid: studyA, step: 'request', reason: 'r' },
  'remove finish': { kind: 'remove', studyInstanceUid: studyA, step: 'finish', reason: 'r' },
  'remove undo': { kind: 'remove', studyInstanceUid: studyA, step: 'undo', reason: 'r' },
  resolve: { kind: 'resolve', conflictId: 1, keep: 'stored', reason: 'r' },
  'device list': { kind: 'administer', command: 'device list', summary: 's' },
  'device add': { kind: 'administer', command: 'device add', summary: 's' },
  'ledger show': { kind: 'administer', command: 'ledger show', summary: 's' },
  'study list': { kind: 'administer', command: 'study list', summary: 's' },
  'study release': { kind: 'administer', command: 'study release', summary: 's' },
  'emergency open': { kind: 'administer', command: 'emergency open', summary: 's' },
  'emergency end': { kind: 'administer', command: 'emergency end', summary: 's' },
  'emergency list': { kind: 'administer', command: 'emergency list', summary: 's' },
  'emergency review': { kind: 'administer', command: 'emergency review', summary: 's' },
} as const satisfies Record<string, Operation>;
type Case = keyof typeof operations;

/** DIMSE's own, the later steps of a removal, and commands that show patients without the scope of an opening. */
const nobody = {
  'remove finish': 'role',
  'remove undo': 'role',
  verify: 'role',
  commit: 'role',
  'retrieve get': 'role',
  'retrieve move': 'role',
  'study list': 'role',
} as const;
/** Emergencies are opened by who treats and reviewed by who sees no image. */
const noEmergency = {
  'emergency open': 'role',
  'emergency end': 'role',
  'emergency list': 'role',
  'emergency review': 'role',
} as const;
const noImages = {
  find: 'role',
  'retrieve web': 'role',
  'retrieve export': 'role',
  'store image': 'role',
  'store evidence': 'role',
  'store private': 'role',
  remove: 'role',
} as const;
const noCommands = {
  'device list': 'role',
  'device add': 'role',
  'ledger show': 'role',
  'study release': 'role',
} as const;

/** With a fresh second factor and an opening of all that the role can hold. */
const mayDo = {
  physician: {
    ...nobody,
    ...noCommands,
    ...noEmergency,
    'emergency open': 'admitted',
    'emergency end': 'admitted',
    find: 'admitted',
    'retrieve web': 'admitted',
    'retrieve export': 'admitted',
    'store image': 'sop-class',
    'store evidence': 'admitted',
    'store private': 'sop-class',
    remove: 'role',
    resolve: 'role',
  },
  technologist: {
    ...nobody,
    ...noCommands,
    ...noEmergency,
    find: 'admitted',
    'retrieve web': 'admitted',
    'retrieve export': 'admitted',
    'store image': 'admitted',
    'store evidence': 'admitted',
    'store private': 'sop-class',
    remove: 'admitted',
    resolve: 'admitted',
  },
  researcher: {
    ...nobody,
    ...noImages,
    ...noCommands,
    ...noEmergency,
    find: 'admitted',
    'retrieve web': 'admitted',
    resolve: 'role',
  },
  'exchange-clerk': {
    ...nobody,
    ...noEmergency,
    find: 'admitted',
    'retrieve web': 'admitted',
    'retrieve export': 'admitted',
    'store image': 'admitted',
    'store evidence': 'admitted',
    'store private': 'sop-class',
    remove: 'role',
    resolve: 'role',
    'device list': 'admitted',
    'device add': 'role',
    'ledger show': 'role',
    'study release': 'admitted',
  },
  administrator: {
    ...nobody,
    ...noEmergency,
    ...noImages,
    resolve: 'role',
    'device list': 'admitted',
    'device add': 'admitted',
    'ledger show': 'role',
    'study release': 'role',
  },
  'security-officer': {
    ...nobody,
    ...noEmergency,
    'emergency list': 'admitted',
    'emergency review': 'admitted',
    ...noImages,
    resolve: 'role',
    'device list': 'admitted',
    'device add': 'role',
    'ledger show': 'admitted',
    'study release': 'role',
  },
} as const satisfies Record<Role, Record<Case, Cell>>;

const needsFreshFactor: ReadonlySet<Case> = new Set([
  'retrieve export',
  'remove',
  'resolve',
  'device add',
  'study release',
  'emergency open',
  'emergency review',
]);
const needsOpening: ReadonlySet<Case> = new Set<Case>([
  'find',
  'retrieve web',
  'retrieve export',
  'store image',
  'store evidence',
  'store private',
  'remove',
  'study release',
]);

/** Without a project a researcher reaches nothing. */
const scope = { deIdentified: { project: 'lung', options: [] } };

async function cellsOf(role: Role, given: { readonly opening: boolean; readonly isFresh: boolean }) {
  const persons = new TestPersons();
  await using house = makeHouse({ persons });
  const { operations: all } = roleBounds[role];
  if (given.opening && all.length > 0)
    house.store.personOpenings.add(
      personTerms({ role, operations: [...all], ...(role === 'researcher' ? { scope } : {}) }),
      startMs,
    );
  const secret = persons.set({ account: doctor, role, freshUntilMs: given.isFresh ? startMs + dayMs : startMs });
  const session = house.guard.session(await house.guard.identify(webFacts({ session: secret })));
  const cells = new Map<string, Cell>();
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    const admitted = session.admit(operation).then((admission) => admission[Symbol.asyncDispose]());
    cells.set(name, await cellOf(admitted));
  }
  return cells;
}

for (const role of roles) {
  test(`a ${role} does what the role holds after a fresh second factor, and nothing else`, async () => {
    assert.deepEqual(await cellsOf(role, { opening: true, isFresh: true }), new Map(Object.entries(mayDo[role])));
  });

  test(`a ${role} without a fresh second factor takes nothing out and changes nothing`, async () => {
    const cells = await cellsOf(role, { opening: true, isFresh: false });
    for (const [name, cell] of Object.entries<Cell>(mayDo[role])) {
      const isHeld = cell === 'admitted' && [...needsFreshFactor].some((held) => held === name);
      assert.equal(cells.get(name), isHeld ? 'step-up' : cell, name);
    }
  });

  test(`a ${role} without an opening reaches no image`, async () => {
    const cells = await cellsOf(role, { opening: false, isFresh: true });
    for (const [name, cell] of Object.entries<Cell>(mayDo[role])) {
      const isMissing = cell !== 'role' && [...needsOpening].some((held) => held === name);
      assert.equal(cells.get(name), isMissing ? 'no-opening' : cell, name);
    }
  });
}

test('a researcher whose opening names no project reaches nothing, however it came about', async () => {
  const persons = new TestPersons();
  await using house = makeHouse({ persons });
  house.store.personOpenings.add(personTerms({ role: 'researcher', operations: ['find', 'get'] }), startMs);
  const secret = persons.set({ account: doctor, role: 'researcher', freshUntilMs: startMs + dayMs });
  const session = house.guard.session(await house.guard.identify(webFacts({ session: secret })));
  assert.equal(await cellOf(session.admit(findOf())), 'role');
  assert.equal(await cellOf(session.admit(retrieveOf({ via: 'web' }))), 'role');
});

test('those who see images administer nothing, and those who administer see no images', () => {
  for (const role of roles) {
    const seesImages = roleBounds[role].operations.length > 0;
    assert.ok(!(seesImages && roleCommands(role, 'account invite')), role);
    assert.ok(!(seesImages && roleCommands(role, 'ledger show')), role);
    assert.ok(!(seesImages && roleCommands(role, 'opening apply')), role);
  }
});

test('a command is taken whole: no other command hides behind its beginning', () => {
  assert.ok(roleCommands('administrator', 'device add'));
  for (const command of ['devices', 'device', 'status x', 'statuses', '', 'verify all']) {
    assert.equal(roleCommands('administrator', command), false, command);
  }
});

test('only what looks needs no fresh second factor', () => {
  for (const command of ['status', 'device list', 'opening show', 'ledger verify'])
    assert.ok(isReadingCommand(command));
  for (const command of ['device add', 'account invite', 'list things', '']) assert.ok(!isReadingCommand(command));
});
