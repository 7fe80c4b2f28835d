/**
 * Certificates in files of the operator's. The files are read again at each review and compared as a whole: names that are
 * put in the place of others, links and network folders show their changes alike, and a half-changed pair is just one that
 * does not fit together yet. What does not fit is never taken; what was there before stays.
 */
import { asLeadglassError, LeadglassError } from '../../error.ts';
import type { ServerCertificate } from '../../keys/authority.ts';
import {
  type IdentityFiles,
  type IdentityTexts,
  readIdentityFiles,
  readIdentityTexts,
} from '../../keys/identity-files.ts';
import { checkIdentity } from '../../upper-layer/check-identity.ts';
import type { CertificateProblem, CertificateSource } from './certificate-source.ts';

interface FilesInUse {
  readonly files: IdentityFiles;
  identity?: ServerCertificate;
  /** Of the texts that `identity` came from. */
  digest?: string;
  /** What the last review found wrong. */
  fault?: string;
  /** Set when two reviews, or the first one, found the same wrong: then it is no change under way. */
  problem?: CertificateProblem | undefined;
}

function taken(files: IdentityFiles, now: Date, texts: IdentityTexts): ServerCertificate {
  const identity = readIdentityFiles(files, now, texts);
  try {
    checkIdentity({ key: identity.keyPem, cert: identity.certificatePem });
    return identity;
  } catch (error) {
    throw new LeadglassError('BAD_REQUEST', `${files.certificate}: ${asLeadglassError(error).message}`);
  }
}

export class FileSource implements CertificateSource {
  readonly #all: readonly FilesInUse[];
  #isFirst = true;

  constructor(all: readonly IdentityFiles[]) {
    this.#all = all.map((files) => ({ files }));
  }

  get identities(): readonly ServerCertificate[] {
    return this.#all.flatMap(({ identity }) => (identity === undefined ? [] : [identity]));
  }

  get problems(): readonly CertificateProblem[] {
    return this.#all.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  }

  async review(now: Date): Promise<void> {
    for (const one of this.#all) this.#reviewOne(one, now);
    this.#isFirst = false;
  }

  #reviewOne(one: FilesInUse, now: Date): void {
    try {
      const texts = readIdentityTexts(one.files);
      if (texts.digest !== one.digest) {
        one.identity = taken(one.files, now, texts);
        one.digest = texts.digest;
      }
      delete one.fault;
      one.problem = undefined;
    } catch (error) {
      const fault = asLeadglassError(error).message;
      if (this.#isFirst || one.fault === fault) {
        one.problem = { key: fault, text: `The certificate files of the console door cannot be used: ${fault}` };
      }
      one.fault = fault;
    }
  }
}
