/** Outcomes of a negotiation, PS3.8 9.3.3 and PS3.7 D.3.3.4, for every result code and every combination of roles. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownUid, type Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import type { AssociateAccept, AssociateRequest, RoleSelection } from './association-types.ts';
import { acceptedContexts, negotiate, type NegotiationPolicy, type Roles } from './negotiation.ts';
import { buildAssociateRequest } from './requestor.ts';

const ct = knownUid('1.2.840.10008.5.1.4.1.1.2');
const mr = knownUid('1.2.840.10008.5.1.4.1.1.4');
const implicit = knownUid('1.2.840.10008.1.2');
const explicit = knownUid('1.2.840.10008.1.2.1');
const jpeg = knownUid('1.2.840.10008.1.2.4.70');

function request(
  contexts: readonly (readonly [number, Uid, readonly Uid[]])[],
  roleSelections: readonly RoleSelection[] = [],
): AssociateRequest {
  const presentationContexts = contexts.map(([id, abstractSyntax, transferSyntaxes]) => ({
    id,
    abstractSyntax,
    transferSyntaxes,
  }));
  const facts = { callingAeTitle: 'A', calledAeTitle: 'B', presentationContexts, userInformation: { roleSelections } };
  return buildAssociateRequest(facts, limits);
}

function policy(
  transferSyntaxes: NegotiationPolicy['transferSyntaxes'],
  roles: Roles = { requestorScu: true, requestorScp: false },
): NegotiationPolicy {
  return { transferSyntaxes, roles: () => roles };
}

function accepting(asked: AssociateRequest, negotiated: ReturnType<typeof negotiate>): AssociateAccept {
  return {
    ...asked,
    presentationContexts: negotiated.contexts,
    userInformation: { ...asked.userInformation, roleSelections: negotiated.roleSelections },
  };
}

test('each context gets its result: accepted, refused, unknown abstract syntax, no common transfer syntax', () => {
  const asked = request([
    [1, ct, [explicit, implicit]],
    [3, mr, [implicit]],
    [5, knownUid('1.2.3'), [implicit]],
    [7, ct, [jpeg]],
  ]);
  const { contexts } = negotiate(
    asked,
    policy((uid) => (uid === ct ? [implicit, explicit] : uid === mr ? 'refused' : 'unsupported')),
  );
  assert.deepEqual(
    contexts.map(({ id, result }) => [id, result]),
    [
      [1, 0],
      [3, 1],
      [5, 3],
      [7, 4],
    ],
  );
});

test('our order of transfer syntaxes decides, or theirs when the policy says so', () => {
  const asked = request([[1, ct, [jpeg, explicit, implicit]]]);
  const ours = policy(() => [explicit, jpeg]);
  assert.equal(negotiate(asked, ours).contexts[0]?.transferSyntax, explicit);
  assert.equal(negotiate(asked, { ...ours, preference: 'theirs' }).contexts[0]?.transferSyntax, jpeg);
});

test('an answer grants no role that was not proposed and none that is not allowed', () => {
  for (const scu of [true, false]) {
    for (const scp of [true, false]) {
      for (const requestorScu of [true, false]) {
        for (const requestorScp of [true, false]) {
          const asked = request([[1, ct, [implicit]]], [{ sopClassUid: ct, scu, scp }]);
          const negotiated = negotiate(
            asked,
            policy(() => [implicit], { requestorScu, requestorScp }),
          );
          const agreed = { scu: scu && requestorScu, scp: scp && requestorScp };
          const context = acceptedContexts(asked, accepting(asked, negotiated)).get(1);
          if (!agreed.scu && !agreed.scp) {
            assert.equal(negotiated.contexts[0]?.result, 1);
            assert.equal(context, undefined);
            continue;
          }
          assert.deepEqual(negotiated.roleSelections, [{ sopClassUid: ct, ...agreed }]);
          assert.equal(context?.requestorScu, agreed.scu);
          assert.equal(context?.requestorScp, agreed.scp);
        }
      }
    }
  }
});

test('without role selection the requestor is SCU, and no answer makes it SCP', () => {
  const asked = request([[1, ct, [implicit]]]);
  const negotiated = negotiate(
    asked,
    policy(() => [implicit], { requestorScu: true, requestorScp: true }),
  );
  assert.deepEqual(negotiated.roleSelections, []);
  const pushed = accepting(asked, { ...negotiated, roleSelections: [{ sopClassUid: ct, scu: true, scp: true }] });
  const context = acceptedContexts(asked, pushed).get(1);
  assert.deepEqual([context?.requestorScu, context?.requestorScp], [true, false]);
});

test('a context whose only role is not allowed is refused', () => {
  const asked = request([[1, ct, [implicit]]]);
  const result = negotiate(
    asked,
    policy(() => [implicit], { requestorScu: false, requestorScp: true }),
  );
  assert.equal(result.contexts[0]?.result, 1);
});

test('an acceptance that names what was not proposed is a protocol error; an unanswered context is not accepted', () => {
  const asked = request([
    [1, ct, [implicit]],
    [3, mr, [implicit]],
  ]);
  const answer = (id: number, transferSyntax: Uid): AssociateAccept => ({
    ...asked,
    presentationContexts: [{ id, result: 0, transferSyntax }],
  });
  assert.throws(() => acceptedContexts(asked, answer(5, implicit)), LeadglassError);
  assert.throws(() => acceptedContexts(asked, answer(1, jpeg)), LeadglassError);
  assert.deepEqual([...acceptedContexts(asked, answer(3, implicit)).keys()], [3]);
});
