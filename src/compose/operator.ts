/** One command of an operator as one session with one admitted operation, so that commands take the guard's way like doors. */
import { type Admission, underAdmission } from '../guard/admission.ts';
import type { Guard } from '../guard/guard.ts';
import type { Administer, Operation } from '../guard/operation.ts';
import type { Pass } from '../guard/pass.ts';
import type { Call } from '../doors/control/control-services.ts';

/** Runs `work` under one admitted operation of the calling operator; what it throws is in the ledger as a failure. */
export async function asOperator<O extends Operation, R>(
  guard: Guard,
  call: Call,
  operation: O,
  work: (admission: Admission<O>) => R | Promise<R>,
): Promise<R> {
  const session = guard.session({ kind: 'operator', user: call.operator.user });
  try {
    return await underAdmission(session, operation, work);
  } finally {
    await session.end('done');
  }
}

/** A command that reads or changes Leadglass's own state. `summary` goes to the ledger. */
export function administer<R>(
  guard: Guard,
  call: Call,
  summary: string,
  work: (pass: Pass<Administer>) => R | Promise<R>,
): Promise<R> {
  return asOperator(guard, call, { kind: 'administer', command: call.command, summary }, ({ pass }) => work(pass));
}
