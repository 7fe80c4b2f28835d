/**
 * Dates as people type them for openings: `2027-06-30` means until the end of that day where the server stands; an ISO date and
 * time with its offset means that moment.
 */
import { LeadglassError } from '../error.ts';

const dateForm = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/**
 * The first moment that is not covered any more.
 * @throws LeadglassError BAD_REQUEST
 */
export function parseUntil(text: string, timeZone: string): number {
  return parse(text, (date) => date.add({ days: 1 }), timeZone);
}

/** The first moment that is covered. @throws LeadglassError BAD_REQUEST */
export function parseFrom(text: string, timeZone: string): number {
  return parse(text, (date) => date, timeZone);
}

/** As `parseUntil` reads it: the last day covered when it ends with a day, else the moment. */
export function formatUntil(untilMs: number, timeZone: string): string {
  const moment = Temporal.Instant.fromEpochMilliseconds(untilMs).toZonedDateTimeISO(timeZone);
  const isMidnight = moment.equals(moment.startOfDay());
  return isMidnight ? moment.toPlainDate().subtract({ days: 1 }).toString() : moment.toInstant().toString();
}

/** As `parseFrom` reads it. */
export function formatFrom(fromMs: number, timeZone: string): string {
  const moment = Temporal.Instant.fromEpochMilliseconds(fromMs).toZonedDateTimeISO(timeZone);
  return moment.equals(moment.startOfDay()) ? moment.toPlainDate().toString() : moment.toInstant().toString();
}

function parse(text: string, edge: (date: Temporal.PlainDate) => Temporal.PlainDate, timeZone: string): number {
  try {
    if (dateForm.test(text)) return edge(Temporal.PlainDate.from(text)).toZonedDateTime(timeZone).epochMilliseconds;
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch (cause) {
    throw new LeadglassError('BAD_REQUEST', 'Cannot read a date: expected 2027-06-30 or 2027-06-30T17:00:00+02:00', {
      cause,
    });
  }
}
