/**
 * Instances that another one names (a presentation state its images, a segmentation its sources): fetched by an admission of
 * their own, so that who asks sees of them what he may see anyhow. What is missing and what is forbidden look alike.
 */
import type { StoredInstance } from '../../../backends/backend.ts';
import { isUid, type Uid } from '../../../dicom/uid.ts';
import { asLeadglassError, LeadglassError } from '../../../error.ts';
import type { PictureServices } from './pictures.ts';
import { Retrieval } from './retrieval.ts';

export interface Named {
  /** Where they may be. */
  readonly studies: readonly string[];
  readonly series?: readonly string[];
  readonly instances: readonly string[];
}

export class References implements AsyncDisposable {
  readonly #retrieval: Retrieval | undefined;
  readonly #byUid: ReadonlyMap<string, StoredInstance>;
  #failure: LeadglassError | undefined;

  private constructor(retrieval: Retrieval | undefined) {
    this.#retrieval = retrieval;
    this.#byUid = new Map(retrieval?.instances.map((instance) => [instance.head.sopInstanceUid, instance]));
  }

  /** @throws RefusedError; LeadglassError LIMIT_EXCEEDED, OUT_OF_RESOURCES */
  static async open(named: Named, facts: PictureServices): Promise<References> {
    const { stateImagesMax } = facts.services.limits.rendering;
    const uids = (texts: readonly string[] = []): readonly Uid[] => [...new Set(texts.filter(isUid))];
    const [studies, series, instances] = [uids(named.studies), uids(named.series), uids(named.instances)];
    if (instances.length > stateImagesMax || studies.length > stateImagesMax || series.length > stateImagesMax) {
      throw new LeadglassError('LIMIT_EXCEEDED', `Cannot draw the picture: it is about over ${stateImagesMax} images`);
    }
    if (instances.length === 0 || studies.length === 0) return new References(undefined);
    try {
      const operation = {
        kind: 'retrieve',
        via: 'web',
        level: 'IMAGE',
        keys: {
          studyInstanceUids: studies,
          ...(series.length === 0 ? {} : { seriesInstanceUids: series }),
          sopInstanceUids: instances,
        },
      } as const;
      return new References(await Retrieval.open(operation, facts));
    } catch (error) {
      if (error instanceof LeadglassError && error.code === 'NOT_FOUND') return new References(undefined);
      throw error;
    }
  }

  /** undefined where it is not there, or is not for who asks. */
  get(sopInstanceUid: string): StoredInstance | undefined {
    return this.#byUid.get(sopInstanceUid);
  }

  /** What is made of a referenced instance: it leaves with it, and the ledger knows before. @throws what `make` throws */
  async leaving<T>(instance: StoredInstance, make: () => Promise<T>): Promise<T> {
    const retrieval = this.#retrieval;
    if (retrieval === undefined) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
    try {
      const made = await Array.fromAsync(
        retrieval.leaving(instance, async function* () {
          yield await make();
        }),
      );
      const [first] = made;
      if (made.length !== 1 || first === undefined) throw new LeadglassError('INTERNAL', 'Nothing was made');
      return first;
    } catch (error) {
      this.#failure ??= asLeadglassError(error);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#failure === undefined) await this.#retrieval?.succeeded();
    else await this.#retrieval?.failed(this.#failure);
  }
}
