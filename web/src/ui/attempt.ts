/** What a press starts where no form shows what went wrong: a failure is said at the edge of the page. */
import { StepUpCancelled } from '../model/step-up.ts';
import { sayFailed } from './toasts.tsx';

/** Never rejects. Whoever gave no second factor knows why nothing happened, and is told nothing. */
export async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StepUpCancelled)) sayFailed(error);
  }
}
