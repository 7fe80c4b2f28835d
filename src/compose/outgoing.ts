/**
 * Associations that we request: to move destinations and with commitment results. Always TLS, always to a checked certificate,
 * with our own client certificate.
 */
import { SopClasses } from '../dicom/sop-class.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { connectAssociation } from '../dimse/connect.ts';
import { MessageExchange } from '../dimse/message-exchange.ts';
import { type CommitmentReport, type CommitmentReports, sendReport } from '../doors/dimse/commitment-service.ts';
import type { MoveConnector, OutgoingConnection } from '../doors/dimse/move-route.ts';
import { asLeadglassError, LeadglassError } from '../error.ts';
import type { MoveDestination } from '../guard/opening.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import type { ServerCheck, TlsIdentity } from '../upper-layer/tls-options.ts';
import type { Installation } from './installation.ts';
import { setTimeout as sleep } from 'node:timers/promises';

export interface OutgoingFacts {
  readonly installation: Installation;
  /** The DIMSE door's certificate: what we show when we are the client. */
  readonly identity: TlsIdentity;
  readonly log: Log;
}

export function moveConnector({ installation, identity }: OutgoingFacts): MoveConnector {
  const { config, authority } = installation;
  return async (destination, contexts): Promise<OutgoingConnection> => {
    const association = await connectAssociation({
      host: destination.host,
      port: destination.port,
      callingAeTitle: config.aeTitle,
      calledAeTitle: destination.aeTitle,
      tls: { identity, server: checkOf(destination, [authority.rootPem, authority.issuingPem]) },
      contexts,
      window: { invoked: limits.dimse.operationsMax, performed: 1 },
      limits,
    });
    const exchange = new MessageExchange(association, { ...limits.dimse, identifier: limits.identifier });
    exchange.start();
    return {
      exchange,
      close: async () => {
        try {
          await association.release();
        } catch {
          association.abort();
        }
      },
    };
  };
}

function checkOf({ host, trust }: MoveDestination, ca: readonly string[]): ServerCheck {
  if (trust === 'own-authority') return { by: 'name', name: host, ca };
  return { by: 'fingerprint', fingerprint256: trust };
}

/** The move destination under which the device itself listens, if its opening names one: where results can be brought. */
function ownDestination(installation: Installation, { principal }: CommitmentReport): MoveDestination | undefined {
  if (principal.kind !== 'device') return undefined;
  const { policy } = installation;
  const opening = policy.opening(principal.openingId);
  return opening?.moveDestinations.find(({ aeTitle }) => aeTitle === principal.device);
}

/**
 * Brings commitment results to devices whose association has ended, some times with growing pauses. What cannot be brought is
 * logged: the device will ask again, which costs nothing but a look.
 */
export function commitmentReports(facts: OutgoingFacts): CommitmentReports & { stop(): void } {
  const stopping = new AbortController();
  const connect = moveConnector(facts);
  const waiting = new Set<CommitmentReport>();
  const bring = async (report: CommitmentReport): Promise<void> => {
    const destination = ownDestination(facts.installation, report);
    if (destination === undefined) {
      throw new LeadglassError(
        'NOT_FOUND',
        'The opening names no address of the device itself; see --move-destination',
      );
    }
    const connection = await connect(destination, [
      {
        abstractSyntax: SopClasses.StorageCommitmentPushModel,
        transferSyntaxes: [TransferSyntaxes.ExplicitVrLittleEndian, TransferSyntaxes.ImplicitVrLittleEndian],
        // PS3.4 J.3.3: we are the SCP, although we request the association.
        role: { scu: false, scp: true },
      },
    ]);
    try {
      const [context] = connection.exchange.association.contexts.values();
      if (context === undefined) throw new LeadglassError('UNSUPPORTED', 'The device takes no commitment result');
      await sendReport(connection.exchange, context, report);
    } finally {
      await connection.close();
    }
  };
  const deliver = async (report: CommitmentReport): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await bring(report);
      } catch (thrown) {
        const error = asLeadglassError(thrown);
        const isFinal =
          attempt >= limits.commitmentReportAttemptsMax || error.code === 'NOT_FOUND' || stopping.signal.aborted;
        facts.log[isFinal ? 'warn' : 'info']('association.commitment-report-failed', {
          attempt,
          code: error.code,
          message: error.message,
          detail: error.detail,
        });
        if (isFinal) return;
        await sleep(limits.commitmentReportPauseMs * attempt, undefined, { signal: stopping.signal, ref: false });
      }
    }
  };
  return {
    deliver: (report) => {
      if (waiting.size >= limits.commitmentReportsWaitingMax) {
        facts.log.warn('association.commitment-report-dropped', { waiting: waiting.size });
        return;
      }
      waiting.add(report);
      void deliver(report)
        .catch(() => undefined)
        .finally(() => waiting.delete(report));
    },
    stop: () => stopping.abort(),
  };
}
