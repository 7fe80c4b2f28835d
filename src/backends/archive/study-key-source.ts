/** What the archive asks of the key ring (src/keys/study-keys.ts fits): one data key per study. */
export interface StudyKey {
  /** Names the key in the segments; never used again for another key. */
  readonly id: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface StudyKeySource {
  /** The key of a study; with `create` a new one where there is none, durable before this returns. */
  keyFor(studyInstanceUid: string, options: { readonly create: true }): StudyKey;
  /** Undefined: it was destroyed. */
  keyById(id: number): { readonly studyInstanceUid: string; readonly key: Uint8Array } | undefined;
  /** Destroys the key for good, durable when this returns; false when there was none. */
  destroy(studyInstanceUid: string): boolean;
}
