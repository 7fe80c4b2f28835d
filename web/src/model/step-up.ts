/** A fresh second factor, asked for by whatever request needs one; ui/step-up-dialog.tsx shows it. */
import { store } from './store.ts';

interface StepUpRequest {
  readonly done: () => void;
  readonly given: () => void;
}
export const stepUp = store<StepUpRequest | undefined>(undefined);

export class StepUpCancelled extends Error {
  override readonly name = 'StepUpCancelled';
}

let waiting: Promise<void> | undefined;

/**
 * Resolves when the server has a fresh factor. Several requests wait for one dialog.
 * @throws StepUpCancelled
 */
export function askStepUp(): Promise<void> {
  waiting ??= new Promise<void>((resolve, reject) => {
    const close = (): void => {
      waiting = undefined;
      stepUp.set(undefined);
    };
    stepUp.set({
      done() {
        close();
        resolve();
      },
      given() {
        close();
        reject(new StepUpCancelled('No second factor was given'));
      },
    });
  });
  return waiting;
}
