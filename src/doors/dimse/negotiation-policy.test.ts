import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SopClasses } from '../../dicom/sop-class.ts';
import { knownUid, type Uid } from '../../dicom/uid.ts';
import { declinedProposals } from './negotiation-policy.ts';

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
