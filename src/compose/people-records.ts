/**
 * Events of people as records of the ledger: User Authentication and Security Alert of PS3.15 A.5.3.11 and A.5.3.10. The person or
 * operator who acted is the requestor; the account concerned is the alert's subject.
 */
import type { AuditSelf } from '../guard/audit-events.ts';
import { EventIds, EventTypes, ObjectIdTypes, ObjectRoles, ObjectTypes } from '../ledger/audit-codes.ts';
import type { AuditMessage } from '../ledger/audit-message.ts';
import { auditSource, nodeParticipant, personParticipant } from '../ledger/audit-objects.ts';
import type { LedgerRecordInput } from '../ledger/record.ts';
import { eventCodes, type PeopleEvent } from '../people/events.ts';
import { reasonText } from '../people/refusal.ts';

/** Characters that XML 1.0 has not, and those that reorder what a person reads. */
const unreadable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\ufffe\uffff]/gu;

export function peopleRecord(event: PeopleEvent, self: AuditSelf): LedgerRecordInput {
  const codes = eventCodes[event.kind];
  const { account, address } = event;
  // A finding is looked for by its name, as a refusal is by its reason.
  const reason = event.kind === 'sign' ? event.detail?.split(':', 1)[0] : event.reason;
  const isAuthentication = codes.id === EventIds.userAuthentication.code;
  const who = event.by ?? (account === undefined ? 'unknown' : `person ${account.email}`);
  const type = Object.values(EventTypes).find(({ code }) => code === codes.type);
  const message: AuditMessage = {
    event: {
      id: isAuthentication ? EventIds.userAuthentication : EventIds.securityAlert,
      ...(type === undefined ? {} : { types: [type] }),
      action: 'E',
      at: new Date(event.atMs),
      outcome: codes.outcome,
      outcomeDescription: words(event),
    },
    participants: [
      personParticipant({ userId: readable(who), requestor: true, ...(address === undefined ? {} : { address }) }),
      nodeParticipant({ userId: self.processId, aeTitles: self.aeTitles, requestor: false }),
    ],
    source: auditSource(self.sourceId, self.enterpriseSiteId),
    objects: isAuthentication || account === undefined ? [] : [subject(account, words(event))],
  };
  return {
    event: message,
    principal: readable(who),
    ...(address === undefined ? {} : { door: 'console', address }),
    outcome: codes.outcome,
    ...(reason === undefined ? {} : { reason }),
  };
}

function subject(
  { id, email }: NonNullable<PeopleEvent['account']>,
  description: string,
): AuditMessage['objects'][number] {
  return {
    id: email,
    idType: ObjectIdTypes.userIdentifier,
    type: ObjectTypes.person,
    role: ObjectRoles.securityUserEntity,
    name: `account ${id}`,
    details: [{ type: 'Alert Description', value: description }],
  };
}

/** In the order in which a reader asks: what, why, how, where, with what. */
function words({ kind, reason, method, sessionId, detail, userAgent }: PeopleEvent): string {
  const parts = [
    eventCodes[kind].text,
    reason === undefined ? undefined : reasonText(reason),
    method === undefined ? undefined : `by ${method}`,
    detail,
    sessionId === undefined ? undefined : `session ${sessionId}`,
    userAgent === undefined ? undefined : `browser ${userAgent}`,
  ];
  return readable(parts.filter((part) => part !== undefined).join('; '));
}

function readable(text: string): string {
  return text.toWellFormed().replaceAll(unreadable, '?');
}
