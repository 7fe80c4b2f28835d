/**
 * One command of whoever called as one admitted operation, so that commands take the guard's way like doors: of an operator at the
 * control socket in a session of its own, of a person in the session that the web door has found.
 */
import { type Admission, underAdmission } from '../guard/admission.ts';
import type { Guard } from '../guard/guard.ts';
import type { Administer, Operation } from '../guard/operation.ts';
import type { Pass } from '../guard/pass.ts';
import type { GuardSession } from '../guard/session.ts';
import type { Call } from '../doors/control/control-services.ts';

/** The session of a call, and how it ends: one that was lent goes on. */
export function sessionOf(
  guard: Guard,
  { caller }: Call,
): { readonly session: GuardSession; readonly end: (reason: string) => Promise<void> } {
  if ('session' in caller) return { session: caller.session, end: async () => undefined };
  const session = guard.session({ kind: 'operator', user: caller.user });
  return { session, end: (reason) => session.end(reason) };
}

/** Runs `work` under one admitted operation of whoever called; what it throws is in the ledger as a failure. */
export async function asCaller<O extends Operation, R>(
  guard: Guard,
  call: Call,
  operation: O,
  work: (admission: Admission<O>) => R | Promise<R>,
): Promise<R> {
  const { session, end } = sessionOf(guard, call);
  try {
    return await underAdmission(session, operation, work);
  } finally {
    await end('done');
  }
}

/** A command that reads or changes Leadglass's own state. `summary` goes to the ledger. */
export function administer<R>(
  guard: Guard,
  call: Call,
  summary: string,
  work: (pass: Pass<Administer>) => R | Promise<R>,
): Promise<R> {
  return asCaller(guard, call, { kind: 'administer', command: call.command, summary }, ({ pass }) => work(pass));
}
