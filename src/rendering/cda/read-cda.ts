/** What people read of a CDA document (HL7 CDA R2): its head, and the narrative of its sections; the coded entries are for programs. */
import { dateTimeText } from '../documents/values.ts';
import { at, attributeOf, childrenOf, lineOf } from './nodes.ts';
import type { XmlNode } from './xml-tree.ts';

export interface CdaSection {
  readonly title: string;
  /** The narrative block. */
  readonly text?: XmlNode;
  readonly sections: readonly CdaSection[];
}

export interface CdaDocument {
  readonly title: string;
  readonly language?: string;
  readonly facts: readonly { readonly name: string; readonly text: string }[];
  readonly sections: readonly CdaSection[];
  /** Media type of a body that is a file; its content stays in the XML. */
  readonly otherBody?: string;
}

/** @returns undefined for what is no clinical document */
export function readCda(root: XmlNode): CdaDocument | undefined {
  if (root.name !== 'ClinicalDocument') return undefined;
  const body = at(root, 'component', 'structuredBody');
  const other = at(root, 'component', 'nonXMLBody', 'text');
  const language = attributeOf(at(root, 'languageCode'), 'code');
  return {
    title: lineOf(at(root, 'title')) || attributeOf(at(root, 'code'), 'displayName') || 'Clinical document',
    ...(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/.test(language) ? { language } : {}),
    facts: factsOf(root),
    sections: sectionsOf(body),
    ...(other === undefined ? {} : { otherBody: attributeOf(other, 'mediaType') || 'text/plain' }),
  };
}

function sectionsOf(around: XmlNode | undefined): readonly CdaSection[] {
  return childrenOf(around, 'component')
    .flatMap((component) => childrenOf(component, 'section'))
    .map((section) => {
      const text = at(section, 'text');
      return {
        title: lineOf(at(section, 'title')) || attributeOf(at(section, 'code'), 'displayName'),
        ...(text === undefined ? {} : { text }),
        sections: sectionsOf(section),
      };
    });
}

function factsOf(root: XmlNode): CdaDocument['facts'] {
  const role = at(root, 'recordTarget', 'patientRole');
  const patient = at(role, 'patient');
  const gender = at(patient, 'administrativeGenderCode');
  const authenticator = at(root, 'legalAuthenticator');
  const facts = [
    { name: 'Patient', text: nameOf(at(patient, 'name')) },
    { name: 'Patient ID', text: attributeOf(at(role, 'id'), 'extension') },
    { name: 'Born', text: dateTimeText(attributeOf(at(patient, 'birthTime'), 'value')) },
    { name: 'Sex', text: attributeOf(gender, 'displayName') || attributeOf(gender, 'code') },
    { name: 'Document of', text: dateTimeText(attributeOf(at(root, 'effectiveTime'), 'value')) },
    { name: 'Author', text: nameOf(at(root, 'author', 'assignedAuthor', 'assignedPerson', 'name')) },
    { name: 'Authenticated by', text: nameOf(at(authenticator, 'assignedEntity', 'assignedPerson', 'name')) },
    {
      name: 'Custodian',
      text: lineOf(at(root, 'custodian', 'assignedCustodian', 'representedCustodianOrganization', 'name')),
    },
  ];
  return facts.filter(({ text }) => text !== '');
}

/** Parts in the order in which they are written, which is how the name is said. */
function nameOf(name: XmlNode | undefined): string {
  const parts = (name?.children ?? []).map((child) => (typeof child === 'string' ? child : lineOf(child)));
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join(' ');
}
