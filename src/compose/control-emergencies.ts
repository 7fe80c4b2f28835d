/** Emergency access as commands: of the person who needs it, and of the security officer who looks at it afterwards. */
import { AdvisedError } from '../doors/console/api-error.ts';
import type { ControlServices, EmergencyDetails, EmergencyView } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import { principalWords } from '../guard/audit-words.ts';
import type { Emergency } from '../guard/emergency-table.ts';
import { EmergencyRecords } from '../guard/emergency-records.ts';
import { EmergencyService } from '../guard/emergency-service.ts';
import type { Administer } from '../guard/operation.ts';
import { openingState } from '../guard/opening.ts';
import type { Pass } from '../guard/pass.ts';
import type { PolicyStore } from '../guard/policy-store.ts';
import { emergencyOf, type PersonOpening } from '../guard/person-opening.ts';
import type { LedgerRecordInput } from '../ledger/record.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { administer } from './caller.ts';
import { eventWords } from './control-ledger.ts';
import { emergencyPatient } from './emergency-patient.ts';
import type { EmergencyOf } from './people-flows.ts';
import type { Installation } from './installation.ts';
import { recordOrRefuse } from './ledger-first.ts';
import { auditSelf } from './recovery.ts';

type EmergencyServices = Pick<
  ControlServices,
  'emergencyOpen' | 'emergencyEnd' | 'emergencyOwnShow' | 'emergencyList' | 'emergencyShow' | 'emergencyReview'
>;

export function emergencyServices(
  installation: Installation,
  { log, now = Date.now }: { readonly log: Log; readonly now?: () => number },
): EmergencyServices {
  const { archive, config, guard, ledger, policy } = installation;
  const service = new EmergencyService({ store: policy, limits, now });
  const records = new EmergencyRecords(auditSelf(config));
  const record = (input: LedgerRecordInput): Promise<void> => recordOrRefuse(ledger, input);
  return {
    emergencyOpen: (call, given) =>
      // The reason is in the record of the start, beside the patient; what is asked for has none.
      administer(guard, call, 'emergency access asked for', async (pass) => {
        const person = limited(() => service.attempt(pass));
        const patient = emergencyPatient(archive, given);
        const { reason, minutes } = given;
        const durationMs = minutes === undefined ? limits.emergencyMsUsual : minutes * 60_000;
        const facts = { account: person.account, patient, address: person.address };
        const atMs = now();
        // The alert first: what cannot be told does not happen.
        await record(
          records.started({ ...facts, at: new Date(atMs), until: new Date(atMs + durationMs), words: reason }),
        );
        let opening: PersonOpening;
        try {
          opening = limited(() => service.open(pass, { patient, reason, durationMs }));
        } catch (error) {
          await record(records.stopped({ ...facts, at: new Date(now()), words: 'it was not opened' }));
          throw error;
        }
        log.warn('guard.emergency-started', { emergency: opening.id });
        return ownView(service, pass);
      }),
    emergencyEnd: (call) =>
      administer(guard, call, 'emergency access ended', (pass) => {
        service.end(pass);
        return ownView(service, pass);
      }),
    emergencyOwnShow: (call) => administer(guard, call, 'own emergency access', (pass) => ownView(service, pass)),
    emergencyList: (call, { all, rows }) =>
      administer(guard, call, all ? 'all emergencies' : 'emergencies without a review', (pass) => {
        const found = service.list(pass, { all, rows: rows + 1 });
        return { emergencies: found.slice(0, rows).map((one) => emergencyView(one, now())), more: found.length > rows };
      }),
    emergencyShow: (call, { number }) =>
      administer(guard, call, `emergency ${number}`, async (pass) =>
        emergencyDetails(installation, service.show(pass, number), now()),
      ),
    emergencyReview: (call, { number, verdict, words }) =>
      administer(guard, call, `emergency ${number}: ${verdict}`, async (pass) => {
        const { opening } = service.reviewable(pass, number);
        const patient = patientOf(opening);
        await record(
          records.reviewed({
            at: new Date(now()),
            account: opening.account,
            patient,
            words,
            verdict,
            by: principalWords(pass.principal),
          }),
        );
        log.info('guard.emergency-reviewed', { emergency: number, verdict });
        return emergencyView(service.review(pass, number, { verdict, words }), now());
      }),
  };
}

/** For whoever shows a session: what is open in it. */
export function openEmergencies({ personOpenings }: PolicyStore, now: () => number = Date.now): EmergencyOf {
  return (sessionId, account) => {
    const open = emergencyOf(personOpenings.of(account), { sessionId, nowMs: now() });
    return open && { patientId: patientOf(open).patientId, until: instant(open.validUntilMs) };
  };
}

/** A person who came to the limit is told what helps. */
function limited<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LeadglassError) || error.code !== 'LIMIT_EXCEEDED') throw error;
    const hint = 'Ask an administrator to open for you; after a day you may again';
    throw new AdvisedError('NOT_AUTHORIZED', error.message, { answer: 'EMERGENCY_LIMIT', hint });
  }
}

function ownView(
  service: EmergencyService,
  pass: Pass<Administer>,
): Awaited<ReturnType<ControlServices['emergencyOwnShow']>> {
  const { open, left, mayOpen } = service.own(pass);
  return {
    mayOpen,
    left,
    minutesMax: limits.emergencyMsMax / 60_000,
    minutesUsual: limits.emergencyMsUsual / 60_000,
    ...(open === undefined
      ? {}
      : {
          open: {
            number: open.id,
            ...patientOf(open),
            reason: open.reason,
            from: instant(open.validFromMs),
            until: instant(open.validUntilMs),
          },
        }),
  };
}

function emergencyView({ opening, stopped, review }: Emergency, nowMs: number): EmergencyView {
  const isOpen = openingState(opening, nowMs) === 'open';
  const endedAtMs = Math.min(opening.closed?.atMs ?? opening.validUntilMs, opening.validUntilMs);
  return {
    number: opening.id,
    email: opening.account,
    role: opening.role,
    ...patientOf(opening),
    reason: opening.reason,
    from: instant(opening.validFromMs),
    until: instant(opening.validUntilMs),
    state: review !== undefined ? 'reviewed' : isOpen ? 'open' : 'to-review',
    overdue: review === undefined && nowMs - opening.validFromMs > limits.emergencyReviewMs,
    ...(isOpen
      ? {}
      : { ended: { at: instant(endedAtMs), how: stopped?.how ?? opening.closed?.reason ?? 'its time was over' } }),
    ...(review === undefined
      ? {}
      : { review: { at: instant(review.atMs), by: review.by, verdict: review.verdict, words: review.words } }),
  };
}

/** With what was done meanwhile, as the ledger tells it: all of the person, since others than that patient matter most. */
async function emergencyDetails(
  { ledger }: Installation,
  emergency: Emergency,
  nowMs: number,
): Promise<EmergencyDetails> {
  const view = emergencyView(emergency, nowMs);
  const { opening } = emergency;
  const uses: EmergencyDetails['uses'][number][] = [];
  const filter = {
    who: opening.account,
    since: new Date(opening.validFromMs),
    until: new Date(view.ended?.at ?? nowMs),
    limit: limits.emergencyUsesShownMax + 1,
    order: 'oldest-first',
  } as const;
  for await (const record of ledger.query(filter)) {
    uses.push({
      seq: record.seq,
      at: record.at,
      event: eventWords(record),
      patientIds: record.patientIds,
      studyInstanceUids: record.studyInstanceUids,
      isRefused: record.outcome !== 0,
    });
  }
  const { emergencyUsesShownMax } = limits;
  return { emergency: view, uses: uses.slice(0, emergencyUsesShownMax), more: uses.length > emergencyUsesShownMax };
}

function patientOf({ scope }: PersonOpening): { readonly patientId: string; readonly issuer: string } {
  const [patient] = scope.patients ?? [];
  if (patient === undefined) throw new LeadglassError('CORRUPT', 'The emergency names no patient');
  return { patientId: patient.patientId, issuer: patient.issuer };
}

const instant = (ms: number): string => new Date(ms).toISOString();
