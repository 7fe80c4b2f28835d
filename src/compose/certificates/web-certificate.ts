/**
 * The certificate that the HTTPS door shows: what the configuration chose, and behind it always that of our own authority,
 * for the names that the chosen one does not cover and for as long as there is none. Each change is in the ledger before it
 * counts. Certificates of clients are another matter: those are always our own authority's, or pinned.
 */
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { asLeadglassError, LeadglassError } from '../../error.ts';
import { underAdmission } from '../../guard/admission.ts';
import type { Guard } from '../../guard/guard.ts';
import type { ServerCertificate } from '../../keys/authority.ts';
import { serverNames } from '../../keys/server-identity.ts';
import type { Log } from '../../log.ts';
import { NamedIdentities, type NamedTlsSettings } from '../../upper-layer/named-identities.ts';
import type { DoorCertificateView } from '../../doors/control/control-services.ts';
import type { CertificateProblem, CertificateSource } from './certificate-source.ts';

export type CertificateOrigin = DoorCertificateView['from'];

export interface WebCertificateOptions {
  readonly from: CertificateOrigin;
  /** Absent with our own authority alone. */
  readonly chosen?: CertificateSource;
  readonly own: CertificateSource;
  readonly tls: NamedTlsSettings;
  readonly guard: Pick<Guard, 'session'>;
  readonly log: Log;
  readonly reviewMs: number;
  /** `status` warns when less than this is left, or less than a quarter of the certificate's life. */
  readonly warnDays: number;
  readonly now?: () => Date;
}

/** The part of a door that is needed here. */
export interface CertificateTaker {
  setTls(options: SecureContextOptions): void;
}

const dayMs = 86_400_000;

export class WebCertificate implements AsyncDisposable {
  readonly #options: WebCertificateOptions;
  readonly #now: () => Date;
  readonly #identities: NamedIdentities;
  #shown: readonly ServerCertificate[];
  #toldProblems: ReadonlySet<string> = new Set();
  #door: CertificateTaker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reviewing: Promise<void> = Promise.resolve();

  private constructor(options: WebCertificateOptions, shown: readonly ServerCertificate[]) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
    this.#shown = shown;
    this.#identities = new NamedIdentities(shown.map(named), options.tls);
  }

  /**
   * What can be shown now; a chosen certificate that cannot be used is a warning and no reason not to start.
   * @throws LeadglassError when not even our own authority has one, or the ledger cannot be written
   */
  static async open(options: WebCertificateOptions): Promise<WebCertificate> {
    const { chosen, own, now = () => new Date() } = options;
    await own.review(now());
    await chosen?.review(now());
    const certificate = new WebCertificate(options, showable(options, now()));
    if (chosen !== undefined) {
      await certificate.#record(certificate.#shown, () => undefined);
      await certificate.#tellProblems();
    }
    return certificate;
  }

  /** For the door's listener. */
  get tls(): TlsOptions {
    return this.#identities.options;
  }

  /** From now on the door gets what changes. */
  attach(door: CertificateTaker): void {
    this.#door = door;
    this.#timer = setInterval(() => void this.review(), this.#options.reviewMs).unref();
  }

  /** Looks at once; one look after the other. */
  review(): Promise<void> {
    this.#reviewing = this.#reviewing.then(() =>
      this.#review().catch((thrown: unknown) => {
        const { code, message, detail } = asLeadglassError(thrown);
        this.#options.log.error('web.certificate-review-failed', { code, message, detail });
      }),
    );
    return this.#reviewing;
  }

  get views(): readonly DoorCertificateView[] {
    const own = this.#options.own.identities;
    return this.#shown.map((certificate) => ({
      door: 'console',
      from: own.includes(certificate) ? 'own-authority' : this.#options.from,
      names: serverNames(certificate.facts),
      issuer: certificate.facts.issuer,
      notAfter: certificate.facts.notAfter.toISOString(),
      fingerprint256: certificate.facts.fingerprint256,
    }));
  }

  /** Whole sentences that say what to do. */
  get warnings(): readonly string[] {
    const [first] = this.#shown;
    const isOwn = first !== undefined && this.#options.own.identities.includes(first);
    const instead = isOwn
      ? 'until then it shows the one of our own authority, which browsers know only if they were told'
      : `until then it shows the one before, which ends at ${first?.facts.notAfter.toISOString() ?? 'an unknown time'}`;
    return [...this.#problems.map(({ text, nextAt }) => sentence(text, instead, nextAt)), ...this.#endingSoon()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#options.chosen?.stop?.();
    await this.#reviewing;
  }

  get #problems(): readonly CertificateProblem[] {
    return this.#options.chosen?.problems ?? [];
  }

  async #review(): Promise<void> {
    const { chosen, own } = this.#options;
    await own.review(this.#now());
    await chosen?.review(this.#now());
    const wanted = showable(this.#options, this.#now());
    if (identityOf(wanted) !== identityOf(this.#shown)) await this.#show(wanted);
    await this.#tellProblems();
  }

  async #show(wanted: readonly ServerCertificate[]): Promise<void> {
    await this.#record(wanted, () => {
      const context = this.#identities.replace(wanted.map(named));
      this.#shown = wanted;
      this.#door?.setTls(context);
    });
    const [first] = wanted;
    this.#options.log.info('web.certificate-changed', {
      fingerprint256: first?.facts.fingerprint256,
      notAfter: first?.facts.notAfter.toISOString(),
    });
  }

  #record(certificates: readonly ServerCertificate[], change: () => void): Promise<void> {
    const words = certificates.map(({ facts }) => {
      const names = serverNames(facts).slice(0, 5).join(', ');
      return `${names}: SHA-256 ${facts.fingerprint256} until ${facts.notAfter.toISOString()}`;
    });
    return this.#administer(`console door shows ${words.join('; ')}`, change);
  }

  async #tellProblems(): Promise<void> {
    const problems = this.#problems;
    for (const { key, text } of problems) {
      if (this.#toldProblems.has(key)) continue;
      this.#options.log.warn('web.certificate-refused', { problem: text });
      const failure = new LeadglassError('BAD_REQUEST', text);
      await this.#administer(text, () => {
        throw failure;
      }).catch((error: unknown) => {
        if (error !== failure) throw error;
      });
    }
    this.#toldProblems = new Set(problems.map(({ key }) => key));
  }

  async #administer(summary: string, work: () => void): Promise<void> {
    const session = this.#options.guard.session({ kind: 'system', job: 'certificates' });
    try {
      await underAdmission(session, { kind: 'administer', command: 'certificate change', summary }, work);
    } finally {
      await session.end('done');
    }
  }

  *#endingSoon(): Iterable<string> {
    const { from, chosen, warnDays } = this.#options;
    // Our own authority's renews itself, by ACME the failing renewal is told; files are somebody's to remember.
    if (from !== 'files') return;
    const nowMs = this.#now().getTime();
    for (const { facts } of chosen?.identities ?? []) {
      const lifeMs = facts.notAfter.getTime() - facts.notBefore.getTime();
      const leftMs = facts.notAfter.getTime() - nowMs;
      if (leftMs > Math.min(warnDays * dayMs, lifeMs / 4)) continue;
      const names = serverNames(facts).slice(0, 5).join(', ');
      const ends = leftMs > 0 ? 'ends at' : 'is shown no more, since it ended at';
      yield `The certificate of the console door for ${names} ${ends} ${facts.notAfter.toISOString()}: put a new one into its files, it is taken by itself.`;
    }
  }
}

/** In the order in which they are preferred; there is always our own. */
function showable({ chosen, own }: WebCertificateOptions, now: Date): readonly ServerCertificate[] {
  const good = (chosen?.identities ?? []).filter(({ facts }) => facts.notBefore <= now && now < facts.notAfter);
  return [...good, ...own.identities];
}

function named({ certificatePem, keyPem, facts }: ServerCertificate) {
  return { cert: certificatePem, key: keyPem, names: serverNames(facts) };
}

/** The chain counts, too: a new intermediate certificate is a change. */
function identityOf(certificates: readonly ServerCertificate[]): string {
  return certificates.map(({ certificatePem }) => certificatePem).join('\n');
}

function sentence(text: string, instead: string, nextAt: string | undefined): string {
  return `${text}; ${nextAt === undefined ? '' : `it is tried again at ${nextAt}, and `}${instead}.`;
}
