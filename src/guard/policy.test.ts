import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { knownUid } from '../dicom/uid.ts';
import {
  type Opening,
  type OpeningOperation,
  type OpeningTerms,
  openingOperations,
  openingState,
  purposes,
} from './opening.ts';
import type { Operation, OperationKind } from './operation.ts';
import { type DeviceGrant, decide } from './policy.ts';
import type { DevicePrincipal, Principal, Purpose } from './principal.ts';
import { type PurposeBounds, purposeBounds } from './purposes.ts';
import type { RefusalReason } from './refusal.ts';
import { scopeAllowsHead } from './scope.ts';
import {
  aet,
  commitOf,
  ctImage,
  dayMs,
  findOf,
  greyscalePresentation,
  openingTerms,
  privateClass,
  retrieveOf,
  sopClasses,
  startMs,
  storeOf,
  studyA,
  studyB,
} from './test-support.ts';

const operations = {
  verify: { kind: 'verify' },
  'store of an image': storeOf(ctImage),
  'store of evidence': storeOf(greyscalePresentation),
  'store of a private class': storeOf(privateClass),
  find: findOf(),
  'retrieve by get': retrieveOf({ via: 'get', keys: {} }),
  'retrieve through the web': retrieveOf({ via: 'web', keys: {} }),
  'retrieve by move to a named destination': retrieveOf({ via: 'move', destination: aet('WS1'), keys: {} }),
  'retrieve by move elsewhere': retrieveOf({ via: 'move', destination: aet('EVIL'), keys: {} }),
  'retrieve by move to nobody': retrieveOf({ via: 'move', keys: {} }),
  'retrieve by export': retrieveOf({ via: 'export', keys: {} }),
  commit: commitOf(),
  'removal, requested': { kind: 'remove', studyInstanceUid: studyA, step: 'request', reason: 'r' },
  'removal, undone': { kind: 'remove', studyInstanceUid: studyA, step: 'undo', reason: 'r' },
  'removal, finished': { kind: 'remove', studyInstanceUid: studyA, step: 'finish', reason: 'r' },
  resolve: { kind: 'resolve', conflictId: 1, keep: 'arrived', reason: 'r' },
  administer: { kind: 'administer', command: 'device add', summary: 's' },
} as const satisfies Record<string, Operation>;
type OperationCase = keyof typeof operations;

type State = 'open' | 'not-yet' | 'ended' | 'closed' | 'revoked';
type Side = 'inside' | 'outside';
/** `reached`: allowed, and the instance is in the pass's scope; `hidden`: allowed, but the scope leaves it out. */
type Expected = 'reached' | 'hidden' | RefusalReason;

const cell = (inside: Expected, outside: Expected = inside): Record<Side, Record<State, Expected>> => ({
  inside: byState(inside),
  outside: byState(outside),
});
const byState = (whenOpen: Expected): Record<State, Expected> => ({
  open: whenOpen,
  'not-yet': 'opening-not-yet',
  ended: 'opening-ended',
  closed: 'opening-closed',
  revoked: 'device-revoked',
});
const never = cell('purpose');

/** A workstation without a person. */
const nobody: Record<OperationCase, Record<Side, Record<State, Expected>>> = {
  verify: never,
  'store of an image': never,
  'store of evidence': never,
  'store of a private class': never,
  find: never,
  'retrieve by get': never,
  'retrieve through the web': never,
  'retrieve by move to a named destination': never,
  'retrieve by move elsewhere': never,
  'retrieve by move to nobody': never,
  'retrieve by export': never,
  commit: never,
  'removal, requested': never,
  'removal, undone': never,
  'removal, finished': never,
  resolve: never,
  administer: never,
};

const matrix = {
  acquisition: {
    verify: cell('reached'),
    'store of an image': cell('reached', 'hidden'),
    'store of evidence': cell('reached', 'hidden'),
    'store of a private class': cell('sop-class'),
    find: never,
    'retrieve by get': never,
    'retrieve through the web': never,
    'retrieve by move to a named destination': never,
    'retrieve by move elsewhere': never,
    'retrieve by move to nobody': never,
    'retrieve by export': never,
    commit: cell('reached', 'hidden'),
    'removal, requested': never,
    'removal, undone': never,
    'removal, finished': never,
    resolve: never,
    administer: never,
  },
  reading: {
    verify: cell('reached'),
    'store of an image': cell('sop-class'),
    'store of evidence': cell('reached', 'hidden'),
    'store of a private class': cell('sop-class'),
    find: cell('reached', 'hidden'),
    'retrieve by get': cell('reached', 'hidden'),
    'retrieve through the web': cell('reached', 'hidden'),
    'retrieve by move to a named destination': cell('reached', 'hidden'),
    'retrieve by move elsewhere': cell('destination'),
    'retrieve by move to nobody': cell('destination'),
    'retrieve by export': never,
    commit: never,
    'removal, requested': never,
    'removal, undone': never,
    'removal, finished': never,
    resolve: never,
    administer: never,
  },
  exchange: {
    verify: cell('reached'),
    'store of an image': cell('reached', 'hidden'),
    'store of evidence': cell('reached', 'hidden'),
    'store of a private class': cell('sop-class'),
    find: cell('reached', 'hidden'),
    'retrieve by get': cell('reached', 'hidden'),
    'retrieve through the web': cell('reached', 'hidden'),
    'retrieve by move to a named destination': cell('reached', 'hidden'),
    'retrieve by move elsewhere': cell('destination'),
    'retrieve by move to nobody': cell('destination'),
    'retrieve by export': never,
    commit: never,
    'removal, requested': never,
    'removal, undone': never,
    'removal, finished': never,
    resolve: never,
    administer: never,
  },
  archive: {
    verify: cell('reached'),
    'store of an image': cell('reached', 'hidden'),
    'store of evidence': cell('reached', 'hidden'),
    'store of a private class': cell('sop-class'),
    find: cell('reached', 'hidden'),
    'retrieve by get': cell('reached', 'hidden'),
    'retrieve through the web': cell('reached', 'hidden'),
    'retrieve by move to a named destination': cell('reached', 'hidden'),
    'retrieve by move elsewhere': cell('destination'),
    'retrieve by move to nobody': cell('destination'),
    'retrieve by export': never,
    commit: cell('reached', 'hidden'),
    'removal, requested': cell('reached', 'hidden'),
    'removal, undone': never,
    'removal, finished': never,
    resolve: never,
    administer: never,
  },
  'workstation-reading': nobody,
  'workstation-exchange': nobody,
  'workstation-administration': nobody,
} satisfies Record<Purpose, Record<OperationCase, Record<Side, Record<State, Expected>>>>;

const nowMs = startMs + dayMs;

function openingOf(purpose: Purpose, overrides: Partial<Opening> = {}): Opening {
  return {
    ...openingTerms({ purpose }),
    id: 1,
    createdAtMs: startMs,
    // Everything that the purpose could hold.
    operations: purposeBounds[purpose].operations,
    scope: { modalities: ['CT'] },
    moveDestinations: purposeBounds[purpose].operations.some((operation) => operation === 'move')
      ? [{ aeTitle: aet('WS1'), host: '10.1.2.9', port: 2762, trust: 'own-authority' }]
      : [],
    ...overrides,
  };
}

function principalOf(opening: Opening, overrides: Partial<DevicePrincipal> = {}): DevicePrincipal {
  return {
    kind: 'device',
    device: opening.device,
    openingId: opening.id,
    purpose: opening.purpose,
    address: '10.1.2.3',
    ...overrides,
  };
}

function grantOf(opening: Opening, overrides: Partial<DeviceGrant> = {}): DeviceGrant {
  return {
    holder: 'device',
    opening,
    revoked: false,
    released: [{ studyInstanceUid: studyA, validUntilMs: nowMs + dayMs }],
    ...overrides,
  };
}

function grantIn(purpose: Purpose, state: State): DeviceGrant {
  const changes: Record<State, Partial<Opening>> = {
    open: {},
    'not-yet': { validFromMs: nowMs + 1 },
    ended: { validUntilMs: nowMs },
    closed: { closed: { atMs: nowMs - 1, by: 'root', reason: 'r' } },
    revoked: {},
  };
  return grantOf(openingOf(purpose, changes[state]), { revoked: state === 'revoked' && 'device-revoked' });
}

const sides: readonly Side[] = ['inside', 'outside'];
const states: readonly State[] = ['open', 'not-yet', 'ended', 'closed', 'revoked'];
const instance = {
  inside: {
    studyInstanceUid: studyA,
    modality: 'CT',
    institutionalDepartmentName: '',
    studyDate: '20261124',
    patientId: 'P1',
    issuerOfPatientId: '',
    studyReceivedFrom: ['CT1'],
  },
  outside: {
    studyInstanceUid: studyB,
    modality: 'MR',
    institutionalDepartmentName: '',
    studyDate: '20261124',
    patientId: 'P1',
    issuerOfPatientId: '',
    studyReceivedFrom: ['OTHER'],
  },
};

for (const purpose of purposes) {
  test(`a device for ${purpose} may do what its row of the matrix says, and nothing else`, () => {
    for (const [name, bySide] of Object.entries(matrix[purpose])) {
      for (const side of sides) {
        for (const state of states) {
          const grant = grantIn(purpose, state);
          const operation = operationNamed(name);
          const decision = decide(principalOf(grant.opening), operation, { grant, nowMs, sopClasses });
          let actual: Expected;
          if (!decision.allowed) actual = decision.reason;
          else actual = scopeAllowsHead(decision.scope, instance[side]) || name === 'verify' ? 'reached' : 'hidden';
          assert.equal(actual, bySide[side][state], `${purpose}, ${name}, ${side}, ${state}`);
        }
      }
    }
  });
}

test('an operation that the purpose allows but the opening does not name is refused', () => {
  for (const purpose of purposes) {
    const bounds: PurposeBounds = purposeBounds[purpose];
    for (const left of bounds.operations) {
      // Of people: workstations.test.ts.
      if (left === 'sign-in') continue;
      const opening = openingOf(purpose, { operations: bounds.operations.filter((operation) => operation !== left) });
      const decision = decide(principalOf(opening), operationFor(left), { grant: grantOf(opening), nowMs, sopClasses });
      assert.deepEqual(decision, { allowed: false, reason: 'operation' }, `${purpose} without ${left}`);
    }
  }
});

test('an opening is open from its first moment until just before its end', () => {
  const opening = openingOf('archive', { validFromMs: 1000, validUntilMs: 2000 });
  assert.deepEqual(
    [999, 1000, 1999, 2000].map((moment) => openingState(opening, moment)),
    ['not-yet', 'open', 'open', 'ended'],
  );
});

test('a device without an opening, with another one, of another device or of another purpose is refused', () => {
  const opening = openingOf('reading');
  const grant = grantOf(opening);
  const facts = { nowMs, sopClasses };
  const refused = { allowed: false, reason: 'no-opening' };
  assert.deepEqual(decide(principalOf(opening), findOf(), facts), refused);
  for (const other of [{ openingId: 2 }, { device: aet('CT2') }, { purpose: 'archive' as const }]) {
    assert.deepEqual(decide(principalOf(opening, other), findOf(), { ...facts, grant }), refused);
  }
});

test('private SOP classes are stored only where the opening says so', () => {
  const opening = openingOf('acquisition', { privateSopClasses: true });
  const facts = { grant: grantOf(opening), nowMs, sopClasses };
  assert.equal(decide(principalOf(opening), storeOf(privateClass), facts).allowed, true);
  const reading = openingOf('reading', { privateSopClasses: true });
  assert.deepEqual(decide(principalOf(reading), storeOf(privateClass), { ...facts, grant: grantOf(reading) }), {
    allowed: false,
    reason: 'sop-class',
  });
});

test('a release counts until just before its end, and a study that was not released is named as outside', () => {
  const opening = openingOf('exchange', { scope: {} });
  const released = [{ studyInstanceUid: studyA, validUntilMs: nowMs }];
  const operation = retrieveOf({ keys: { studyInstanceUids: [studyA, studyB] } });
  const at = (moment: number) =>
    decide(principalOf(opening), operation, { grant: grantOf(opening, { released }), nowMs: moment, sopClasses });
  assert.deepEqual(at(nowMs - 1), { allowed: true, scope: { studyInstanceUids: [studyA] }, outside: [studyB] });
  assert.deepEqual(at(nowMs), { allowed: true, scope: { studyInstanceUids: [] }, outside: [studyA, studyB] });
});

test('own studies only narrows what is read and committed, and what is sent by who reads: an instance sent to a study of others would make it an own one', () => {
  const opening = openingOf('archive', { scope: { ownStudiesOnly: true, departments: ['X'] } });
  const scopeFor = (operation: Operation) => {
    const decision = decide(principalOf(opening), operation, { grant: grantOf(opening), nowMs, sopClasses });
    return decision.allowed ? decision.scope : undefined;
  };
  const own = { departments: ['X'], receivedFrom: 'CT1' };
  assert.deepEqual(scopeFor(findOf()), own);
  assert.deepEqual(scopeFor(retrieveOf()), own);
  assert.deepEqual(scopeFor(commitOf()), own);
  assert.deepEqual(scopeFor(storeOf()), { ...own, joinsReachedOnly: true });
});

test('who reads a part of the data adds only to studies that this part reaches; who only sends adds to any', () => {
  const storeScope = (purpose: Purpose, scope: OpeningTerms['scope']) => {
    const opening = openingOf(purpose, { scope });
    const decision = decide(principalOf(opening), storeOf(), { grant: grantOf(opening), nowMs, sopClasses });
    return decision.allowed && decision.scope.joinsReachedOnly === true;
  };
  assert.equal(storeScope('archive', { departments: ['X'] }), true);
  assert.equal(storeScope('archive', { modalities: ['CT'] }), true);
  assert.equal(storeScope('archive', { studyDateFrom: '20260101' }), false, "a date is the study's own");
  assert.equal(storeScope('acquisition', { departments: ['X'] }), false);
});

test('own studies only of a device that reads nothing does not keep it from adding to studies of others', () => {
  const opening = openingOf('acquisition', { scope: { ownStudiesOnly: true, departments: ['X'] } });
  const decision = decide(principalOf(opening), storeOf(), { grant: grantOf(opening), nowMs, sopClasses });
  assert.deepEqual(decision.allowed && decision.scope, { departments: ['X'] });
});

test('one way of reading is reading: whoever may find, get or move alone adds only to what it reaches', () => {
  for (const word of ['find', 'get', 'move'] as const) {
    const scope = { ownStudiesOnly: true, departments: ['X'] } as const;
    const opening = openingOf('archive', { operations: ['store', word], scope });
    const decision = decide(principalOf(opening), storeOf(), { grant: grantOf(opening), nowMs, sopClasses });
    assert.deepEqual(
      decision.allowed && decision.scope,
      { departments: ['X'], receivedFrom: 'CT1', joinsReachedOnly: true },
      word,
    );
  }
});

test('a study that was released is not named as outside', () => {
  const opening = openingOf('exchange', { scope: {} });
  const grant = grantOf(opening);
  const decision = decide(principalOf(opening), retrieveOf({ keys: { studyInstanceUids: [studyA] } }), {
    grant: { ...grant, released: [{ studyInstanceUid: studyA, validUntilMs: nowMs + 1 }] },
    nowMs,
    sopClasses,
  });
  assert.deepEqual(decision, { allowed: true, scope: { studyInstanceUids: [studyA] } });
});

test('commitment of a modality answers for its own studies only, that of a peer archive for all', () => {
  const scopeFor = (purpose: Purpose) => {
    const opening = openingOf(purpose, { scope: {} });
    const decision = decide(principalOf(opening), commitOf(), { grant: grantOf(opening), nowMs, sopClasses });
    return decision.allowed ? decision.scope : undefined;
  };
  assert.deepEqual(scopeFor('acquisition'), { receivedFrom: 'CT1' });
  assert.deepEqual(scopeFor('archive'), {});
});

test('a move gets its destination as the opening names it', () => {
  const opening = openingOf('reading');
  const operation = operations['retrieve by move to a named destination'];
  const decision = decide(principalOf(opening), operation, { grant: grantOf(opening), nowMs, sopClasses });
  assert.equal(decision.allowed && decision.moveDestination?.host, '10.1.2.9');
});

test('an operator may do everything, a job of ours only administers', () => {
  const byOperator: Principal = { kind: 'operator', user: 'root' };
  const byJob: Principal = { kind: 'system', job: 'recovery' };
  const expected = {
    verify: false,
    store: false,
    find: false,
    retrieve: false,
    commit: false,
    remove: false,
    resolve: false,
    administer: true,
  } satisfies Record<OperationKind, boolean>;
  for (const operation of Object.values<Operation>(operations)) {
    assert.deepEqual(decide(byOperator, operation, { nowMs, sopClasses }), { allowed: true, scope: {} });
    assert.equal(decide(byJob, operation, { nowMs, sopClasses }).allowed, expected[operation.kind]);
  }
});

test('no opening, however it was made, allows what its purpose forbids', () => {
  const anyOperation = fc.constantFrom(...Object.values<Operation>(operations));
  const anyOpening = fc.record({
    purpose: fc.constantFrom(...purposes),
    operations: fc.uniqueArray(fc.constantFrom(...openingOperations)),
    privateSopClasses: fc.boolean(),
    validFromMs: fc.integer({ min: startMs - 5, max: startMs + 5 }),
    validUntilMs: fc.integer({ min: startMs - 5, max: startMs + 5 }),
    isClosed: fc.boolean(),
    ownStudiesOnly: fc.boolean(),
  });
  fc.assert(
    fc.property(
      anyOpening,
      anyOperation,
      fc.boolean(),
      fc.integer({ min: startMs - 9, max: startMs + 9 }),
      (terms, operation, revoked, moment) => {
        const opening: Opening = {
          ...openingOf(terms.purpose),
          ...terms,
          scope: terms.ownStudiesOnly ? { ownStudiesOnly: true } : {},
          ...(terms.isClosed ? { closed: { atMs: 0, by: 'root', reason: 'r' } } : {}),
        };
        const grant = grantOf(opening, { revoked: revoked && 'certificate-revoked' });
        const decision = decide(principalOf(opening), operation, { grant, nowMs: moment, sopClasses });
        if (!decision.allowed) return;
        const bounds: PurposeBounds = purposeBounds[terms.purpose];
        const word = wordOf(operation);
        assert.ok(word !== undefined && bounds.operations.includes(word) && terms.operations.includes(word));
        assert.ok(!revoked && !terms.isClosed && moment >= terms.validFromMs && moment < terms.validUntilMs);
        if (operation.kind === 'store' && bounds.stores === 'evidence')
          assert.equal(operation.sopClassUid, greyscalePresentation);
        if (bounds.releasedOnly && (operation.kind === 'find' || operation.kind === 'retrieve')) {
          assert.ok(decision.scope.studyInstanceUids?.every((uid) => uid === studyA) === true);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

function operationNamed(name: string): Operation {
  const operation = new Map<string, Operation>(Object.entries(operations)).get(name);
  assert.ok(operation, name);
  return operation;
}

function wordOf(operation: Operation): OpeningOperation | undefined {
  if (operation.kind === 'retrieve') {
    if (operation.via === 'export') return undefined;
    return operation.via === 'web' ? 'get' : operation.via;
  }
  if (operation.kind === 'remove' && operation.step !== 'request') return undefined;
  return openingOperations.find((word) => word === operation.kind);
}

function operationFor(word: Exclude<OpeningOperation, 'sign-in'>): Operation {
  const all: Record<Exclude<OpeningOperation, 'sign-in'>, Operation> = {
    verify: operations.verify,
    store: storeOf(greyscalePresentation),
    find: operations.find,
    get: operations['retrieve by get'],
    move: operations['retrieve by move to a named destination'],
    commit: operations.commit,
    remove: operations['removal, requested'],
  };
  return all[word];
}

test('the private class of these tests is not a storage class', () => {
  assert.equal(sopClasses.isStorage(knownUid(privateClass)), false);
});
