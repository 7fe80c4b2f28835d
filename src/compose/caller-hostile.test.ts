/** Confused deputies: what a person reaches through services that were made for operators. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callService, commandOf } from '../doors/control/call-service.ts';
import { callSchemas, type CallName } from '../doors/control/control-calls.ts';
import { fakeControl } from '../doors/control/fake-control.test-support.ts';
import type { Call } from '../doors/control/control-services.ts';
import { RefusedError } from '../guard/refusal.ts';
import { isReadingCommand, roleBounds, roleCommands, type RoleBounds, roles } from '../guard/roles.ts';
import { doctor, makeHouse, personTerms, startMs, TestPersons, webFacts } from '../guard/test-support.ts';
import { importFiles, makeFile, openHouse } from './compose.test-support.ts';
import { studyServices } from './control-studies.ts';

const all = { removed: false, mismatched: false, rows: 200 };

for (const role of ['physician', 'technologist', 'exchange-clerk'] as const) {
  test(`confused deputy: a ${role} who may find learns nothing beyond the scope from the operator's study commands`, async () => {
    await using house = await openHouse();
    await importFiles(house, makeFile({ study: 1 }));
    const persons = new TestPersons();
    await using guards = makeHouse({ persons });
    guards.store.personOpenings.add(personTerms({ role, operations: ['find'] }), startMs);
    const secret = persons.set({ account: doctor, role, freshUntilMs: startMs + 60_000 });
    const session = guards.guard.session(await guards.guard.identify(webFacts({ session: secret })));
    const services = studyServices({ ...house.installation, guard: guards.guard });
    const call: Call = {
      caller: { session },
      // What the caller says that it is counts for nothing.
      command: 'status',
      signal: new AbortController().signal,
      progress: () => undefined,
    };
    const refused = (error: unknown): boolean => error instanceof RefusedError && error.reason === 'role';
    await assert.rejects(services.studyList(call, all), refused);
    await assert.rejects(services.studyShow(call, { studyInstanceUid: '1.2.3.1' }), refused);
  });
}

test('privilege escalation: a person who calls a command by another name runs it under its own', async () => {
  const fake = fakeControl();
  const persons = new TestPersons();
  await using house = makeHouse({ persons });
  const secret = persons.set({ account: doctor, role: 'security-officer' });
  const session = house.guard.session(await house.guard.identify(webFacts({ session: secret })));
  const call: Call = {
    caller: { session },
    command: 'device list',
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  await callService('status', {}, call, fake.services);
  assert.deepEqual(fake.calls, ['status by a person']);
});

test('the commands that roles hold are those that calls are named by', () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keys of this very object
  const commands = (Object.keys(callSchemas) as CallName[]).map(commandOf);
  assert.ok(commands.includes('device token end') && commands.includes('study release'));
  // A right to look never makes, ends or decides anything.
  for (const command of commands.filter((one) =>
    /\b(?:add|renew|token|revoke|close|apply|remove|release|resolve|accept|rebuild)\b/.test(one),
  )) {
    assert.ok(!isReadingCommand(command), command);
  }
  for (const role of roles) {
    const { operations }: RoleBounds = roleBounds[role];
    if (operations.length > 0) assert.ok(!roleCommands(role, 'study show') && !roleCommands(role, 'study list'), role);
  }
});
