/** What the guard's records say in words: who, by what proof, what for; without patient data, and fit for a record whoever sent it. */
import { EventIds, type EventType, EventTypes } from '../ledger/audit-codes.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import type { PeerFacts } from './identify/peer-facts.ts';
import type { Operation, Remove } from './operation.ts';
import type { Principal } from './principal.ts';

/** Who, in words. */
export function principalWords(principal: Principal): string {
  return `${principal.kind} ${nodeName(principal)}`;
}

/** Its name alone: AE title, address of the account, user or job. */
export function nodeName(principal: Principal): string {
  switch (principal.kind) {
    case 'device':
      return principal.device;
    case 'person':
      return principal.account;
    case 'operator':
      return principal.user;
    case 'system':
      return principal.job;
  }
}

/** The operation in words that hold no patient data; UIDs were parsed. */
export function operationWords(operation: Operation): string {
  switch (operation.kind) {
    case 'verify':
      return 'verify';
    case 'store':
      return `store SOP class ${operation.sopClassUid}`;
    case 'find':
      return `find at level ${operation.query.level}`;
    case 'retrieve':
      return operation.destination === undefined
        ? `retrieve by ${operation.via}`
        : `retrieve by ${operation.via} to ${operation.destination}`;
    case 'commit':
      return `storage commitment of ${operation.references.length} instances`;
    case 'remove':
      return `remove, ${operation.step}`;
    case 'resolve':
      return `resolve ${operation.conflictId}`;
    case 'administer':
      return operation.command;
  }
}

/** A command, and those that continue its words. */
const changes: readonly (readonly [command: string, type: EventType])[] = [
  ['device revoke', EventTypes.userSecurityAttributesChanged],
  ['device renew', EventTypes.userSecurityAttributesChanged],
  ['device token', EventTypes.userSecurityAttributesChanged],
  ['device add', EventTypes.securityConfiguration],
  ['client add', EventTypes.securityConfiguration],
  ['client remove', EventTypes.securityConfiguration],
  ['account invite', EventTypes.userSecurityAttributesChanged],
  ['account disable', EventTypes.userSecurityAttributesChanged],
  ['account reset', EventTypes.userSecurityAttributesChanged],
  ['account tie', EventTypes.userSecurityAttributesChanged],
  ['account confirm', EventTypes.userSecurityAttributesChanged],
  ['account open', EventTypes.securityConfiguration],
  ['account close', EventTypes.securityConfiguration],
  ['account sessions end', EventTypes.userSecurityAttributesChanged],
  ['confirmation give', EventTypes.securityConfiguration],
  ['confirmation refuse', EventTypes.securityConfiguration],
  ['emergency open', EventTypes.useOfRestrictedFunction],
  ['emergency review', EventTypes.useOfRestrictedFunction],
  ['opening close', EventTypes.securityConfiguration],
  ['opening apply', EventTypes.securityConfiguration],
  ['study release', EventTypes.securityConfiguration],
  ['clock', EventTypes.securityConfiguration],
  ['certificate', EventTypes.securityConfiguration],
];

/** What changes rights is said to be so; everything else is a service used at this machine. */
export function administrationType(command: string): EventType {
  const found = changes.find(([name]) => command === name || command.startsWith(`${name} `));
  return found === undefined ? EventTypes.localServiceOperationStarted : found[1];
}

/** Of several tokens the number tells which; the token itself is known to nobody here. */
export function proofWords(principal: Principal): { readonly description?: string } {
  if (principal.kind === 'person') {
    const { role, sessionId, access, workstation } = principal;
    const program = access === undefined ? '' : `, by program ${access.program} with token ${access.tokenId}`;
    const place = workstation === undefined ? '' : `, at workstation ${workstation.device} (${workstation.purpose})`;
    const session = sessionId === 0 ? 'signed in elsewhere' : `in session ${sessionId}`;
    return { description: `${role}, ${session}${program}${place}` };
  }
  if (principal.kind !== 'device') return {};
  const { tokenId, person } = principal;
  if (person !== undefined) return { description: `with ${person.role} by passcode ${person.passcodeId}` };
  return tokenId === undefined ? {} : { description: `by token ${tokenId}` };
}

/** What was shown of a certificate, whoever it names. */
export function certificateWords({ certificate, token }: PeerFacts): string {
  if (certificate === undefined) return token === undefined ? 'no certificate' : 'no certificate, a token';
  const { fingerprint256, serialNumber, subject, authorizationError } = certificate;
  const error = authorizationError === undefined ? '' : ` (${readable(authorizationError)})`;
  return `certificate ${readable(fingerprint256)}, serial number ${readable(serialNumber)}, ${readable(subject, 256)}${error}`;
}

/** What a stranger sent, made fit for a record: printable ASCII and of bounded length. */
export function readable(text: string, lengthMax = 64): string {
  return text
    .trim()
    .slice(0, lengthMax)
    .replaceAll(/[^ -~]/g, '?');
}

/** How a step of a removal begins in its record; removalRequest reads it back. */
export const removalWords = (step: Remove['step'], isDone: boolean): string =>
  `removal, ${step}, ${isDone ? 'done' : 'asked for'}: `;

/** Does this record say that the removal of a study was requested, or asked for? Undefined for every other record. */
export function removalRequest({ event, outcome, xml }: LedgerRecord): 'asked for' | 'done' | undefined {
  if (event !== EventIds.instancesAccessed.code || outcome !== 0) return undefined;
  // What a person wrote as the reason is escaped, so it can never begin an element.
  const begins = (isDone: boolean): boolean =>
    xml.includes(`<EventOutcomeDescription>${removalWords('request', isDone)}`);
  return begins(true) ? 'done' : begins(false) ? 'asked for' : undefined;
}
