/** Where a door's certificate comes from, and the way that is always there: our own authority. */
import type { Authority, ServerCertificate } from '../../keys/authority.ts';

/** What is not as the configuration wants it. */
export interface CertificateProblem {
  /** Tells one problem from another, so that each is logged and recorded once. */
  readonly key: string;
  /** What and why, to be followed by what is shown instead. No secret in it. */
  readonly text: string;
  /** ISO 8601, when it will be tried again; absent where it is looked at all the time. */
  readonly nextAt?: string;
}

export interface CertificateSource {
  /** What may be shown, the preferred one first; those that ended are passed over by whoever shows them. */
  readonly identities: readonly ServerCertificate[];
  readonly problems: readonly CertificateProblem[];
  /** Looks whether there is something else to show by now; never throws for what is wrong with it. */
  review(now: Date): Promise<void>;
  /** Gives up what is under way. */
  stop?(): Promise<void>;
}

const dayMs = 86_400_000;

/** Our own authority's certificate for `names`, renewed by the authority long before it ends. */
export class OwnAuthoritySource implements CertificateSource {
  readonly #authority: Pick<Authority, 'serverCertificate'>;
  readonly #names: readonly string[];
  #reviewedAtMs = Number.NEGATIVE_INFINITY;
  identities: readonly ServerCertificate[] = [];
  readonly problems = [];

  constructor(authority: Pick<Authority, 'serverCertificate'>, names: readonly string[]) {
    this.#authority = authority;
    this.#names = names;
  }

  /** @throws LeadglassError as `Authority.serverCertificate`: without this one no door can open */
  async review(now: Date): Promise<void> {
    if (Math.abs(now.getTime() - this.#reviewedAtMs) < dayMs) return;
    this.identities = [await this.#authority.serverCertificate('web', this.#names)];
    this.#reviewedAtMs = now.getTime();
  }
}
