/** One call by its name: its arguments are checked, its service runs. What moves files is in control-door.ts. */
import * as v from 'valibot';
import { LeadglassError } from '../../error.ts';
import { schemaMistakes } from '../../guard/schema-words.ts';
import { callSchemas, type CallName } from './control-calls.ts';
import type { Call, ControlServices } from './control-services.ts';

/** @throws LeadglassError BAD_REQUEST with every mistake in words */
export function parseArguments<S extends v.GenericSchema>(schema: S, given: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, given);
  if (parsed.success) return parsed.output;
  throw new LeadglassError('BAD_REQUEST', schemaMistakes(parsed.issues, 'arguments'));
}

/** As the command line names it, and as roles hold it: `deviceTokenEnd` is `device token end`. Ours to say and not the browser's. */
export function commandOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/**
 * Written out call by call, so that the compiler checks each service against its own arguments.
 * @throws LeadglassError NOT_FOUND for a name that is none; BAD_REQUEST; what the service throws
 */
export async function callService(
  name: string,
  given: unknown,
  asked: Call,
  services: ControlServices,
): Promise<unknown> {
  if (!Object.hasOwn(callSchemas, name)) {
    throw new LeadglassError('NOT_FOUND', 'The running server does not know this command; is it another version?');
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- hasOwn just said so
  const known = name as CallName;
  // A person's role is held against the command: it is what runs, not what the caller says that it is.
  const call = 'session' in asked.caller ? { ...asked, command: commandOf(known) } : asked;
  switch (known) {
    case 'importBegin':
    case 'exportBegin':
    case 'importEnd':
    case 'exportEnd':
      throw new LeadglassError('NOT_FOUND', 'Files are moved through the control socket only');
    case 'status':
      return await services.status(call, parseArguments(callSchemas.status, given));
    case 'deviceAdd':
      return await services.deviceAdd(call, parseArguments(callSchemas.deviceAdd, given));
    case 'deviceList':
      return await services.deviceList(call, parseArguments(callSchemas.deviceList, given));
    case 'deviceShow':
      return await services.deviceShow(call, parseArguments(callSchemas.deviceShow, given));
    case 'deviceRenew':
      return await services.deviceRenew(call, parseArguments(callSchemas.deviceRenew, given));
    case 'deviceToken':
      return await services.deviceToken(call, parseArguments(callSchemas.deviceToken, given));
    case 'deviceTokenEnd':
      return await services.deviceTokenEnd(call, parseArguments(callSchemas.deviceTokenEnd, given));
    case 'deviceRevoke':
      return await services.deviceRevoke(call, parseArguments(callSchemas.deviceRevoke, given));
    case 'openingList':
      return await services.openingList(call, parseArguments(callSchemas.openingList, given));
    case 'openingShow':
      return await services.openingShow(call, parseArguments(callSchemas.openingShow, given));
    case 'openingClose':
      return await services.openingClose(call, parseArguments(callSchemas.openingClose, given));
    case 'openingExport':
      return await services.openingExport(call, parseArguments(callSchemas.openingExport, given));
    case 'openingApply':
      return await services.openingApply(call, parseArguments(callSchemas.openingApply, given));
    case 'accountInvite':
      return await services.accountInvite(call, parseArguments(callSchemas.accountInvite, given));
    case 'accountOpen':
      return await services.accountOpen(call, parseArguments(callSchemas.accountOpen, given));
    case 'accountClose':
      return await services.accountClose(call, parseArguments(callSchemas.accountClose, given));
    case 'accountOpenings':
      return await services.accountOpenings(call, parseArguments(callSchemas.accountOpenings, given));
    case 'clientAdd':
      return await services.clientAdd(call, parseArguments(callSchemas.clientAdd, given));
    case 'clientList':
      return await services.clientList(call, parseArguments(callSchemas.clientList, given));
    case 'clientShow':
      return await services.clientShow(call, parseArguments(callSchemas.clientShow, given));
    case 'clientRemove':
      return await services.clientRemove(call, parseArguments(callSchemas.clientRemove, given));
    case 'accountList':
      return await services.accountList(call, parseArguments(callSchemas.accountList, given));
    case 'accountShow':
      return await services.accountShow(call, parseArguments(callSchemas.accountShow, given));
    case 'accountDisable':
      return await services.accountDisable(call, parseArguments(callSchemas.accountDisable, given));
    case 'accountReset':
      return await services.accountReset(call, parseArguments(callSchemas.accountReset, given));
    case 'accountConfirm':
      return await services.accountConfirm(call, parseArguments(callSchemas.accountConfirm, given));
    case 'accountTie':
      return await services.accountTie(call, parseArguments(callSchemas.accountTie, given));
    case 'accountSessions':
      return await services.accountSessions(call, parseArguments(callSchemas.accountSessions, given));
    case 'accountSessionsEnd':
      return await services.accountSessionsEnd(call, parseArguments(callSchemas.accountSessionsEnd, given));
    case 'emergencyOpen':
      return await services.emergencyOpen(call, parseArguments(callSchemas.emergencyOpen, given));
    case 'emergencyEnd':
      return await services.emergencyEnd(call, parseArguments(callSchemas.emergencyEnd, given));
    case 'emergencyOwnShow':
      return await services.emergencyOwnShow(call, parseArguments(callSchemas.emergencyOwnShow, given));
    case 'emergencyList':
      return await services.emergencyList(call, parseArguments(callSchemas.emergencyList, given));
    case 'emergencyShow':
      return await services.emergencyShow(call, parseArguments(callSchemas.emergencyShow, given));
    case 'emergencyReview':
      return await services.emergencyReview(call, parseArguments(callSchemas.emergencyReview, given));
    case 'confirmationList':
      return await services.confirmationList(call, parseArguments(callSchemas.confirmationList, given));
    case 'confirmationGive':
      return await services.confirmationGive(call, parseArguments(callSchemas.confirmationGive, given));
    case 'confirmationRefuse':
      return await services.confirmationRefuse(call, parseArguments(callSchemas.confirmationRefuse, given));
    case 'studyList':
      return await services.studyList(call, parseArguments(callSchemas.studyList, given));
    case 'studyShow':
      return await services.studyShow(call, parseArguments(callSchemas.studyShow, given));
    case 'studyRemove':
      return await services.studyRemove(call, parseArguments(callSchemas.studyRemove, given));
    case 'studyRelease':
      return await services.studyRelease(call, parseArguments(callSchemas.studyRelease, given));
    case 'conflictList':
      return await services.conflictList(call, parseArguments(callSchemas.conflictList, given));
    case 'conflictResolve':
      return await services.conflictResolve(call, parseArguments(callSchemas.conflictResolve, given));
    case 'verify':
      return await services.verify(call, parseArguments(callSchemas.verify, given));
    case 'clockAccept':
      return await services.clockAccept(call, parseArguments(callSchemas.clockAccept, given));
    case 'indexRebuild':
      return await services.indexRebuild(call, parseArguments(callSchemas.indexRebuild, given));
    case 'ledgerShow':
      return await services.ledgerShow(call, parseArguments(callSchemas.ledgerShow, given));
    case 'ledgerVerify':
      return await services.ledgerVerify(call, parseArguments(callSchemas.ledgerVerify, given));
    case 'activityShow':
      return await services.activityShow(call, parseArguments(callSchemas.activityShow, given));
    case 'configShow':
      return await services.configShow(call, parseArguments(callSchemas.configShow, given));
    default:
      known satisfies never;
      throw new LeadglassError('INTERNAL', 'A call without a service');
  }
}
