/**
 * The pass: proof that the guard let an operation through. Rule 1, "no pass, no data": every method of a backend takes
 * one, only this folder can make one (the symbol is not exported from the folder's public files), so an unguarded call
 * does not type-check.
 */
import type { Operation } from './operation.ts';
import type { Principal } from './principal.ts';
import type { Scope } from './scope.ts';

const pass: unique symbol = Symbol('guard pass');

export interface Pass<O extends Operation = Operation> {
  readonly [pass]: true;
  readonly operation: O;
  readonly principal: Principal;
  readonly scope: Scope;
  /** The association (or request) in the ledger, under which the store remembers what it received. */
  readonly transferId: string;
  /** True until an opening is closed, a certificate revoked or the session ended; long work asks between steps. */
  stillValid(): boolean;
}

/** Only for guard.ts and for tests of backends (a test in test/architecture keeps it so). */
export function makePass<O extends Operation>(facts: Omit<Pass<O>, typeof pass>): Pass<O> {
  return { ...facts, [pass]: true };
}
