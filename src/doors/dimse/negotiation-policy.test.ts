import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SopClasses } from '../../dicom/sop-class.ts';
import { TransferSyntaxes as T } from '../../dicom/transfer-syntax.ts';
import { knownUid, type Uid } from '../../dicom/uid.ts';
import type { AssociateRequest } from '../../upper-layer/association-types.ts';
import { negotiate } from '../../upper-layer/negotiation.ts';
import { declinedProposals, extendedNegotiation, negotiationPolicy } from './negotiation-policy.ts';

const ctImage = knownUid('1.2.840.10008.5.1.4.1.1.2');
const privateClass = knownUid('1.3.12.2.1107.5.9.1');
const newOfTheStandard = knownUid('1.2.840.10008.5.1.4.1.1.999.1');
const printManagement = knownUid('1.2.840.10008.5.1.1.9');

const declined = (...all: readonly (readonly [Uid, 0 | 1 | 3 | 4])[]) =>
  declinedProposals(
    all.map(([abstractSyntax]) => ({ abstractSyntax })),
    all.map(([, result]) => ({ result })),
  ).map(({ operation, sopClassUid }) => `${operation} ${sopClassUid}`);

test('what an opening refused at negotiation is told, whatever the service', () => {
  assert.deepEqual(
    declined([ctImage, 1], [SopClasses.Verification, 0], [SopClasses.StudyRootQueryRetrieveInformationModelGet, 1]),
    [`store ${ctImage}`, `get ${SopClasses.StudyRootQueryRetrieveInformationModelGet}`],
  );
});

test('private and unknown storage classes that were not taken are told, once each', () => {
  assert.deepEqual(declined([privateClass, 3], [newOfTheStandard, 3], [privateClass, 3]), [
    `store ${privateClass}`,
    `store ${newOfTheStandard}`,
  ]);
  assert.deepEqual(declined([privateClass, 0]), []);
});

test('services that are not offered to anybody and transfer syntaxes that do not fit are no refusals', () => {
  assert.deepEqual(
    declined([SopClasses.ModalityWorklistInformationModelFind, 3], [printManagement, 3], [ctImage, 4]),
    [],
  );
});

/** What is agreed on for CT images with a requestor of these roles that proposes so. */
function agreedSyntax(roles: { readonly scu: boolean; readonly scp: boolean }, ...transferSyntaxes: readonly Uid[]) {
  const userInformation = { roleSelections: [{ sopClassUid: ctImage, ...roles }] };
  const presentationContexts = [{ id: 1, abstractSyntax: ctImage, transferSyntaxes }];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest of a request is not looked at
  const request = { presentationContexts, userInformation } as unknown as AssociateRequest;
  const { contexts } = negotiate(request, negotiationPolicy({ offers: () => true }));
  return contexts[0]?.transferSyntax;
}

test('who only receives gets the first of its transfer syntaxes to which everything can be converted', () => {
  const receives = { scu: false, scp: true };
  const proposed = [T.JPEGLosslessSV1, T.JPEGLSLossless, T.ExplicitVrLittleEndian];
  assert.equal(agreedSyntax(receives, ...proposed), T.JPEGLSLossless);
  assert.equal(agreedSyntax(receives, T.JPEG2000, T.ImplicitVrLittleEndian), T.ImplicitVrLittleEndian);
  assert.equal(agreedSyntax(receives, T.JPEG2000, T.JPEGLosslessSV1), T.JPEG2000);
  assert.equal(agreedSyntax({ scu: true, scp: true }, ...proposed), T.JPEGLosslessSV1);
  assert.equal(agreedSyntax({ scu: true, scp: false }, ...proposed), T.JPEGLosslessSV1);
});

test('of the extensions of query/retrieve relational, combined and fuzzy are taken when proposed, time zones never', () => {
  const sopClassUid = SopClasses.StudyRootQueryRetrieveInformationModelFind;
  for (const [proposed, answered] of [
    [
      [1, 1, 1, 1],
      [1, 1, 1, 0],
    ],
    [
      [0, 0, 1],
      [0, 0, 1],
    ],
    [
      [1, 0],
      [1, 0],
    ],
    [[], []],
  ] as const) {
    const { answers, of } = extendedNegotiation([{ sopClassUid, information: Uint8Array.from(proposed) }]);
    assert.deepEqual([...(answers[0]?.information ?? [])], answered);
    const [relational, dateTimeCombined, fuzzy] = [0, 1, 2].map((at) => answered[at] === 1);
    assert.deepEqual(of(sopClassUid), { relational, dateTimeCombined, fuzzy });
  }
  const { of } = extendedNegotiation([]);
  assert.deepEqual(of(sopClassUid), { relational: false, dateTimeCombined: false, fuzzy: false });
});
