/**
 * The pass to originals for who may see de-identified data only: for the one backend that makes the one of the other (a test in
 * test/architecture keeps it so). It reaches no more than the pass it is made of.
 */
import type { Find, Retrieve } from './operation.ts';
import { makePass, type Pass } from './pass.ts';

export interface IdentifiedFacts<O> {
  /** The same question, asked by real UIDs. */
  readonly operation: O;
  /** Only these modalities of what the scope reaches. */
  readonly modalities: readonly string[];
}

export function identifiedPass<O extends Find | Retrieve>(
  pass: Pass<Find | Retrieve>,
  { operation, modalities }: IdentifiedFacts<O>,
): Pass<O> {
  const { deIdentified: _, modalities: opened, ...scope } = pass.scope;
  const reached = opened === undefined ? modalities : modalities.filter((modality) => opened.includes(modality));
  return makePass({
    operation,
    principal: pass.principal,
    scope: { ...scope, modalities: reached },
    transferId: pass.transferId,
    stillValid: () => pass.stillValid(),
  });
}
