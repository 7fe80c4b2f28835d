import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headOf, enrol, makeHouse, peerFacts, storeOf } from './test-support.ts';

test('a device that shows its certificate and its AE title stores under a pass, and the ledger tells the story', async () => {
  await using house = makeHouse();
  const { guard, ledger, store } = house;
  enrol(store);
  const principal = await guard.identify(peerFacts());
  const session = guard.session(principal);
  {
    await using admission = await session.admit(storeOf());
    assert.equal(admission.pass.transferId, session.id);
    assert.deepEqual(admission.pass.scope, {});
    assert.equal(admission.pass.stillValid(), true);
    await admission.involving(headOf());
    admission.succeeded();
  }
  await session.end('released');
  assert.deepEqual(ledger.codes, ['110114/110122 0', '110102 0', '110104 0', '110114/110123 0']);
});
