/**
 * Storage commitment, push model (PS3.4 J.3): N-ACTION asks whether instances are safe; the result goes back as an
 * N-EVENT-REPORT on the same association while it stands, else on a new one to the address that the opening names.
 */
import type { Backend, CommitOutcome } from '../../backends/backend.ts';
import { DataSet } from '../../dicom/data-set.ts';
import { writeDataSet } from '../../dicom/data-set-codec.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { SopClasses, storageCommitmentPushModelInstance } from '../../dicom/sop-class.ts';
import { parseUid, type Uid } from '../../dicom/uid.ts';
import { CommandField, type NActionRequest, type NEventReportRequest } from '../../dimse/command-set.ts';
import type { DimseLimits } from '../../dimse/dimse-limits.ts';
import type { NormalizedAnswer } from '../../dimse/handlers.ts';
import type { MessageExchange } from '../../dimse/message-exchange.ts';
import { Statuses } from '../../dimse/status.ts';
import { asLeadglassError, LeadglassError } from '../../error.ts';
import type { InstanceReference } from '../../guard/operation.ts';
import type { Principal } from '../../guard/principal.ts';
import type { GuardSession } from '../../guard/session.ts';
import type { AcceptedContext } from '../../upper-layer/association-types.ts';

/** A result that could not be told on the association that asked. */
export interface CommitmentReport {
  readonly principal: Principal;
  readonly transactionUid: Uid;
  readonly eventTypeId: 1 | 2;
  readonly information: DataSet;
}

/** Takes results for devices whose association has ended; delivery is tried again for a while. */
export interface CommitmentReports {
  deliver(report: CommitmentReport): void;
}

export interface CommitmentRequest {
  readonly request: NActionRequest;
  readonly context: AcceptedContext;
  readonly information: DataSet | undefined;
  readonly exchange: MessageExchange;
  readonly backend: Backend;
  readonly reports: CommitmentReports;
  readonly limits: Pick<DimseLimits, 'responseMsMax'>;
}

/** Answers the N-ACTION and sets the report going. @throws LeadglassError, answered as the door's table says */
export async function requestCommitment(session: GuardSession, facts: CommitmentRequest): Promise<NormalizedAnswer> {
  const { request, information, context, exchange, backend, reports } = facts;
  if (request.requestedSopClassUid !== SopClasses.StorageCommitmentPushModel)
    return { status: Statuses.NoSuchSopClass };
  if (request.requestedSopInstanceUid !== storageCommitmentPushModelInstance)
    return { status: Statuses.NoSuchSopInstance };
  if (request.actionTypeId !== 1) return { status: Statuses.NoSuchActionType };
  if (information === undefined)
    throw new LeadglassError('BAD_REQUEST', 'Cannot commit: the action information is missing');
  const transactionUid = parseUid(information.text(Tags.TransactionUID) ?? '', 'Transaction UID');
  const references = readReferences(information);

  await using admission = await session.admit({ kind: 'commit', transactionUid, references });
  let outcome: CommitOutcome;
  try {
    outcome = await backend.commit(admission.pass);
    admission.succeeded({ committed: { safe: outcome.safe.length, failed: outcome.failed.length } });
  } catch (error) {
    admission.failed(asLeadglassError(error));
    throw error;
  }
  const report: CommitmentReport = {
    principal: session.principal,
    transactionUid,
    // PS3.4 J.3.3: 1 all is safe, 2 failures exist.
    eventTypeId: outcome.failed.length === 0 ? 1 : 2,
    information: resultOf(transactionUid, outcome),
  };
  // After the response has had its turn: many modalities wait for it before they take a report.
  setImmediate(() => void tell(report, { context, exchange, reports }));
  return { status: Statuses.Success, affectedSopInstanceUid: storageCommitmentPushModelInstance };
}

async function tell(
  report: CommitmentReport,
  { context, exchange, reports }: Pick<CommitmentRequest, 'context' | 'exchange' | 'reports'>,
): Promise<void> {
  if (exchange.isOver) return reports.deliver(report);
  try {
    await sendReport(exchange, context, report);
  } catch {
    reports.deliver(report);
  }
}

/** Sends the N-EVENT-REPORT. @throws LeadglassError PEER_FAILED, TIMED_OUT */
export async function sendReport(
  exchange: MessageExchange,
  context: AcceptedContext,
  report: CommitmentReport,
): Promise<void> {
  await exchange.request<NEventReportRequest>(
    {
      commandField: CommandField.NEventReportRq,
      affectedSopClassUid: SopClasses.StorageCommitmentPushModel,
      affectedSopInstanceUid: storageCommitmentPushModelInstance,
      eventTypeId: report.eventTypeId,
    },
    { contextId: context.id, data: writeDataSet(report.information, context.transferSyntax) },
  );
}

function readReferences(information: DataSet): readonly InstanceReference[] {
  const items = information.items(Tags.ReferencedSOPSequence);
  if (items.length === 0) throw new LeadglassError('BAD_REQUEST', 'Cannot commit: no instance is referenced');
  return items.map((item) => ({
    sopClassUid: parseUid(item.text(Tags.ReferencedSOPClassUID) ?? '', 'Referenced SOP Class UID'),
    sopInstanceUid: parseUid(item.text(Tags.ReferencedSOPInstanceUID) ?? '', 'Referenced SOP Instance UID'),
  }));
}

/** PS3.4 table J.3-2: Transaction UID, what is safe, what is not and why. */
function resultOf(transactionUid: Uid, { safe, failed }: CommitOutcome): DataSet {
  const result = new DataSet();
  result.setText(Tags.TransactionUID, 'UI', transactionUid);
  if (safe.length > 0) result.setItems(Tags.ReferencedSOPSequence, safe.map(referenceItem));
  if (failed.length > 0) {
    const items = failed.map((reference) => {
      const item = referenceItem(reference);
      item.setNumber(Tags.FailureReason, 'US', reference.failureReason);
      return item;
    });
    result.setItems(Tags.FailedSOPSequence, items);
  }
  return result;
}

function referenceItem({ sopClassUid, sopInstanceUid }: InstanceReference): DataSet {
  const item = new DataSet();
  item.setText(Tags.ReferencedSOPClassUID, 'UI', sopClassUid);
  item.setText(Tags.ReferencedSOPInstanceUID, 'UI', sopInstanceUid);
  return item;
}
