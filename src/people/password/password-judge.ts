/**
 * How easily a password is guessed, asked of a thread of its own: the lists take 60 MB and an estimate up to a second, during
 * which the server answers others. The thread loads them with the first question and is started before the server gives up
 * its right to start threads.
 */
import { Worker } from 'node:worker_threads';
import { LeadglassError } from '../../error.ts';
import { PeopleRefusedError } from '../refusal.ts';

export interface Judgement {
  /** The whole password is on the list of common ones, whatever its case. */
  readonly isCommon: boolean;
  readonly guessesLog10: number;
}

export interface PasswordJudge {
  /** @param words lower case, in which the password must not consist */
  judge(password: string, words: readonly string[]): Promise<Judgement>;
}

export interface JudgeLimits {
  readonly passwordJudgedUnitsMax: number;
  readonly passwordJudgementsWaitingMax: number;
}

/** Sent to the thread; the answer is a Judgement, in the order of the questions. */
export interface JudgeQuestion {
  readonly password: string;
  readonly judgedUnits: number;
  readonly words: readonly string[];
}

export class PasswordJudgeThread implements PasswordJudge, AsyncDisposable {
  readonly #worker: Worker;
  readonly #limits: JudgeLimits;
  #waiting: PromiseWithResolvers<Judgement>[] = [];
  #failure: LeadglassError | undefined;

  /** Needs the right to start a worker, which may be given up afterwards. */
  constructor(limits: JudgeLimits) {
    this.#limits = limits;
    this.#worker = new Worker(new URL('judge-asleep.mjs', import.meta.url), {
      name: 'password-judge',
      workerData: { judgeModule: new URL('judge-worker.ts', import.meta.url).href },
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 },
    });
    this.#worker.unref();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- judge-worker.ts sends nothing else
    this.#worker.on('message', (answer) => this.#waiting.shift()?.resolve(answer as Judgement));
    this.#worker.on('error', () => this.#fail());
    this.#worker.on('exit', () => this.#fail());
  }

  /** @throws PeopleRefusedError busy; LeadglassError INTERNAL when the thread is gone: then no password is taken */
  judge(password: string, words: readonly string[]): Promise<Judgement> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#waiting.length >= this.#limits.passwordJudgementsWaitingMax) {
      return Promise.reject(new PeopleRefusedError('busy'));
    }
    const answer = Promise.withResolvers<Judgement>();
    this.#waiting.push(answer);
    const question: JudgeQuestion = { password, judgedUnits: this.#limits.passwordJudgedUnitsMax, words };
    this.#worker.ref();
    this.#worker.postMessage(question);
    return answer.promise.finally(() => {
      if (this.#waiting.length === 0) this.#worker.unref();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  /** Without what the thread said: that could quote a password. */
  #fail(): void {
    this.#failure ??= new LeadglassError(
      'INTERNAL',
      'Cannot judge a password: the thread for it has ended; restart the server',
    );
    for (const { reject } of this.#waiting) reject(this.#failure);
    this.#waiting = [];
  }
}
