/**
 * Releases: a person lets one study go to one exchange partner, for a time. Without a release an exchange opening reaches nothing.
 */
import * as v from 'valibot';
import { type Uid, isUid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { parseUntil } from './dates.ts';
import { checkRequest } from './device-requests.ts';
import { operatorOf } from './device-service.ts';
import { openingTermsSchema } from './opening.ts';
import type { Administer } from './operation.ts';
import type { Pass } from './pass.ts';
import type { Release } from './policy-rows.ts';
import type { PolicyStore } from './policy-store.ts';
import { type PurposeBounds, purposeBounds } from './purposes.ts';

const releaseSchema = v.strictObject({
  device: openingTermsSchema.entries.device,
  studyInstanceUid: v.custom<Uid>((value) => typeof value === 'string' && isUid(value), 'is not a UID'),
  reason: openingTermsSchema.entries.reason,
  until: v.pipe(v.string(), v.maxLength(40)),
});
export type ReleaseRequest = v.InferInput<typeof releaseSchema>;

export class ReleaseService {
  readonly #store: PolicyStore;
  readonly #now: () => number;
  readonly #timeZone: string;

  constructor({ store, now, timeZone }: { store: PolicyStore; now: () => number; timeZone: string }) {
    this.#store = store;
    this.#now = now;
    this.#timeZone = timeZone;
  }

  /** @throws LeadglassError NOT_FOUND, BAD_REQUEST, CONFLICT (a device that is not for exchange) */
  add(pass: Pass<Administer>, request: ReleaseRequest): Release {
    const { device: name, studyInstanceUid, reason, until } = checkRequest(releaseSchema, request, 'release the study');
    const device = this.#store.device(name);
    if (device === undefined || device.revoked !== undefined) {
      throw new LeadglassError('NOT_FOUND', `Cannot release the study: there is no device ${name}`);
    }
    const bounds: PurposeBounds = purposeBounds[device.purpose];
    if (!bounds.releasedOnly) {
      throw new LeadglassError(
        'CONFLICT',
        `Cannot release the study: ${name} is for ${device.purpose}, not for exchange`,
      );
    }
    const createdAtMs = this.#now();
    const validUntilMs = parseUntil(until, this.#timeZone);
    if (validUntilMs <= createdAtMs)
      throw new LeadglassError('BAD_REQUEST', 'Cannot release the study: the end date has passed');
    const release = { device: name, studyInstanceUid, reason, owner: operatorOf(pass), createdAtMs, validUntilMs };
    return { ...release, id: this.#store.addRelease(release) };
  }

  /** At once. @throws LeadglassError NOT_FOUND */
  withdraw(_pass: Pass<Administer>, id: number): void {
    const release = this.#store.release(id);
    if (release === undefined || !this.#store.withdrawRelease(release, this.#now())) {
      throw new LeadglassError('NOT_FOUND', 'Cannot withdraw the release: there is none of this number');
    }
  }

  /** Those that stand now, of one device or of all exchange partners. */
  list(_pass: Pass<Administer>, device?: Release['device']): readonly Release[] {
    const devices = device === undefined ? this.#store.devices().map(({ name }) => name) : [device];
    const nowMs = this.#now();
    return devices.flatMap((name) => this.#store.releasesTo(name)).filter(({ validUntilMs }) => nowMs < validUntilMs);
  }
}
