/**
 * The schema of PS3.15 A.5.1 as a table, and a check of a message against it, so that every test run knows whether our
 * messages are valid without another program. Reads only the XML that we write: no comments, no CDATA, no namespaces.
 */

interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

interface ElementRule {
  /** Attribute name to required or not and its form. */
  readonly attributes: Readonly<Record<string, { readonly required?: true; readonly form?: RegExp }>>;
  /** Children in their order: name and how many times, at least and at most. */
  readonly children: readonly (readonly [names: string, min: number, max: number])[];
  readonly text?: RegExp;
}

const anyText = /^[\s\S]*$/;
const digits = /^[0-9]+$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const boolean = /^(?:true|false|1|0)$/;
const many = Number.POSITIVE_INFINITY;
const coded: ElementRule = {
  attributes: {
    'csd-code': { required: true },
    codeSystemName: { required: true },
    displayName: {},
    originalText: { required: true },
  },
  children: [],
};
const uidOnly: ElementRule = { attributes: { UID: { required: true } }, children: [] };

const rules: Readonly<Record<string, ElementRule>> = {
  AuditMessage: {
    attributes: {},
    children: [
      ['EventIdentification', 1, 1],
      ['ActiveParticipant', 1, many],
      ['AuditSourceIdentification', 1, 1],
      ['ParticipantObjectIdentification', 0, many],
    ],
  },
  EventIdentification: {
    attributes: {
      EventActionCode: { form: /^[CRUDE]$/ },
      EventDateTime: { required: true, form: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/ },
      EventOutcomeIndicator: { required: true, form: /^(?:0|4|8|12)$/ },
    },
    children: [
      ['EventID', 1, 1],
      ['EventTypeCode', 0, many],
      ['EventOutcomeDescription', 0, 1],
    ],
  },
  EventID: coded,
  EventTypeCode: coded,
  EventOutcomeDescription: { attributes: {}, children: [], text: anyText },
  ActiveParticipant: {
    attributes: {
      UserID: { required: true },
      AlternativeUserID: {},
      UserName: {},
      UserIsRequestor: { required: true, form: boolean },
      NetworkAccessPointID: {},
      NetworkAccessPointTypeCode: { form: /^[1-5]$/ },
    },
    children: [
      ['RoleIDCode', 0, many],
      ['MediaIdentifier', 0, 1],
    ],
  },
  RoleIDCode: coded,
  MediaIdentifier: { attributes: {}, children: [['MediaType', 1, 1]] },
  MediaType: coded,
  AuditSourceIdentification: {
    attributes: { AuditEnterpriseSiteID: {}, AuditSourceID: { required: true } },
    children: [['AuditSourceTypeCode', 0, many]],
  },
  AuditSourceTypeCode: { attributes: { 'csd-code': { required: true } }, children: [] },
  ParticipantObjectIdentification: {
    attributes: {
      ParticipantObjectID: { required: true },
      ParticipantObjectTypeCode: { form: /^[1-4]$/ },
      ParticipantObjectTypeCodeRole: { form: /^(?:[1-9]|1[0-9]|2[0-6])$/ },
      ParticipantObjectDataLifeCycle: { form: /^(?:[1-9]|1[0-5])$/ },
      ParticipantObjectSensitivity: {},
    },
    children: [
      ['ParticipantObjectIDTypeCode', 1, 1],
      ['ParticipantObjectName|ParticipantObjectQuery', 1, 1],
      ['ParticipantObjectDetail', 0, many],
      ['ParticipantObjectDescription', 0, many],
    ],
  },
  ParticipantObjectIDTypeCode: coded,
  ParticipantObjectName: { attributes: {}, children: [], text: anyText },
  ParticipantObjectQuery: { attributes: {}, children: [], text: base64 },
  ParticipantObjectDetail: {
    attributes: { type: { required: true }, value: { required: true, form: base64 } },
    children: [],
  },
  ParticipantObjectDescription: {
    attributes: {},
    children: [
      ['MPPS', 0, many],
      ['Accession', 0, many],
      ['SOPClass', 0, many],
      ['ParticipantObjectContainsStudy', 0, 1],
      ['Encrypted', 0, 1],
      ['Anonymized', 0, 1],
    ],
  },
  MPPS: uidOnly,
  Accession: { attributes: { Number: { required: true } }, children: [] },
  SOPClass: {
    attributes: { UID: {}, NumberOfInstances: { required: true, form: digits } },
    children: [['Instance', 0, many]],
  },
  Instance: uidOnly,
  ParticipantObjectContainsStudy: { attributes: {}, children: [['StudyIDs', 0, many]] },
  StudyIDs: uidOnly,
  Encrypted: { attributes: {}, children: [], text: boolean },
  Anonymized: { attributes: {}, children: [], text: boolean },
};

/** What is wrong with a message, as texts; empty when it is valid. Throws when it is not well-formed. */
export function schemaProblems(xml: string): readonly string[] {
  const root = parseXml(xml);
  return root.name === 'AuditMessage' ? problemsOf(root) : [`root is ${root.name}`];
}

function problemsOf(element: XmlElement): string[] {
  const rule = rules[element.name];
  if (rule === undefined) return [`${element.name} is not in the schema`];
  const problems: string[] = [];
  for (const [name, value] of element.attributes) {
    const attribute = rule.attributes[name];
    if (attribute === undefined) problems.push(`${element.name} has an attribute ${name}`);
    else if (attribute.form?.test(value) === false) problems.push(`${element.name} ${name} is ${value}`);
  }
  for (const [name, { required }] of Object.entries(rule.attributes)) {
    if (required === true && !element.attributes.has(name)) problems.push(`${element.name} has no ${name}`);
  }
  if (rule.text === undefined ? element.text !== '' : !rule.text.test(element.text)) {
    problems.push(`${element.name} has the text ${element.text}`);
  }
  let index = 0;
  for (const [names, min, max] of rule.children) {
    const first = index;
    while (names.split('|').includes(element.children[index]?.name ?? '')) index += 1;
    const count = index - first;
    if (count < min || count > max) problems.push(`${element.name} has ${count} ${names}`);
  }
  const rest = element.children[index];
  if (rest !== undefined) problems.push(`${element.name} has ${rest.name} at the wrong place`);
  return [...problems, ...element.children.flatMap(problemsOf)];
}

/** XML 1.0 2.2: the only characters that may stand in a document, also as references. */
const allowed = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

export function parseXml(xml: string): XmlElement {
  if (!allowed.test(xml)) throw new Error('a character that XML does not allow');
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>/, '');
  const token = /<(\/?)([A-Za-z]+)((?: [A-Za-z-]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
  const top: XmlElement = { name: '', attributes: new Map(), children: [], text: '' };
  const path: XmlElement[] = [top];
  while (token.lastIndex < body.length) {
    const at = token.lastIndex;
    const match = token.exec(body);
    const parent = path.at(-1);
    if (match === null || parent === undefined) throw new Error(`not well-formed at ${at}`);
    const [, closing, name = '', attributes = '', empty, text] = match;
    if (text !== undefined) {
      parent.text += unescape(text);
    } else if (closing === '/') {
      if (parent.name !== name) throw new Error(`${name} closes ${parent.name}`);
      path.pop();
    } else {
      const pairs = [...attributes.matchAll(/ ([A-Za-z-]+)="([^"]*)"/g)];
      const element: XmlElement = {
        name,
        attributes: new Map(pairs.map(([, key = '', value = '']) => [key, unescape(value)])),
        children: [],
        text: '',
      };
      if (element.attributes.size !== pairs.length) throw new Error(`${name} has an attribute twice`);
      parent.children.push(element);
      if (empty === '') path.push(element);
    }
  }
  const [root] = top.children;
  if (path.length !== 1 || top.children.length !== 1 || root === undefined) throw new Error('not one whole element');
  return root;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  if (/[<>"']/.test(text)) throw new Error('a mark that was not escaped');
  const plain = text.replaceAll(/&(?:#(9|10|13)|([a-z]+));/g, (_, code?: string, name?: string) =>
    code === undefined ? (entities[name ?? ''] ?? '\0') : String.fromCodePoint(Number(code)),
  );
  if (plain.includes('\0') || /&/.test(text.replaceAll(/&(?:#(?:9|10|13)|amp|lt|gt|quot|apos);/g, ''))) {
    throw new Error('an unknown entity');
  }
  return plain;
}
