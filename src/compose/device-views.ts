/** Devices, certificates and openings as an operator sees them. */
import type { CertificateView, DeviceView, OpeningView } from '../doors/control/control-services.ts';
import { type Opening, openingState } from '../guard/opening.ts';
import type { OpeningMark } from '../guard/opening-service.ts';
import type { Device, DeviceCertificate } from '../guard/policy-rows.ts';
import type { PolicyStore } from '../guard/policy-store.ts';
import { limits } from '../limits.ts';
import { termsText } from './opening-texts.ts';

export const markTexts: Readonly<Record<OpeningMark, string>> = {
  'expires-soon': `ends within ${limits.expiresSoonDays} days`,
  'never-used': 'was never used: close it if nobody needs it',
  unused: `was not used for ${limits.unusedDays} days: close it if nobody needs it`,
  plain: 'has no TLS: images and names can be read on the way',
};

/** A certificate that ends before its opening. */
export const endsFirst = (notAfterMs: number): string =>
  `its certificate ends on ${iso(notAfterMs).slice(0, 10)}, before its opening: "leadglass device renew" makes a new one`;

/** Over what the policy knows at this moment; `timeZone` decides where a day of an end date ends. */
export class DeviceViews {
  readonly #policy: PolicyStore;
  readonly #timeZone: string;
  readonly #now: () => number;

  constructor({ policy, timeZone, now }: { policy: PolicyStore; timeZone: string; now: () => number }) {
    this.#policy = policy;
    this.#timeZone = timeZone;
    this.#now = now;
  }

  opening(opening: Opening, marks: readonly OpeningMark[] = []): OpeningView {
    const usage = this.#policy.usage(opening.id);
    return {
      ...termsText(opening, this.#timeZone),
      id: opening.id,
      door: opening.doors[0] ?? 'dimse-tls',
      openDoors: opening.doors,
      state: openingState(opening, this.#now()),
      owner: opening.owner,
      createdAt: iso(opening.createdAtMs),
      ...(usage === undefined ? {} : { lastUsedAt: iso(usage.lastUsedAtMs) }),
      useCount: usage?.useCount ?? 0,
      ...(opening.closed === undefined
        ? {}
        : { closed: { at: iso(opening.closed.atMs), by: opening.closed.by, reason: opening.closed.reason } }),
      warnings: marks.map((mark) => markTexts[mark]),
    };
  }

  device(device: Device): DeviceView {
    const certificates = this.#policy.certificatesOf(device.name);
    const ofDevice = this.#policy.openingsOf(device.name);
    const open = ofDevice.filter((opening) => openingState(opening, this.#now()) === 'open');
    const lastUsed = Math.max(0, ...ofDevice.map(({ id }) => this.#policy.usage(id)?.lastUsedAtMs ?? 0));
    const warnings: string[] = [];
    if (open.some(({ plain }) => plain !== undefined)) warnings.push(markTexts.plain);
    const valid = certificates.filter((certificate) => certificateView(certificate, this.#now()).state === 'valid');
    const needsOne = open.some(({ plain }) => plain === undefined);
    if (needsOne && valid.length === 0) warnings.push('has no valid certificate: "leadglass device renew" makes one');
    if (needsOne && valid.length > 0) warnings.push(...this.#endWarning(device, open));
    for (const name of this.sharing(device)) {
      warnings.push(`shares its certificate with ${name}: revoking one revokes it for both`);
    }
    return {
      aeTitle: device.name,
      purpose: device.purpose,
      state: device.revoked !== undefined ? 'revoked' : open.length > 0 ? 'active' : 'expired',
      reason: device.reason,
      owner: device.owner,
      enrolledAt: iso(device.createdAtMs),
      certificates: certificates.map((certificate) => certificateView(certificate, this.#now())),
      openings: ofDevice.filter(({ closed }) => closed === undefined).map(({ name }) => name),
      ...(lastUsed === 0 ? {} : { lastUsedAt: iso(lastUsed) }),
      warnings,
    };
  }

  /**
   * Said of a device whose last certificate ends soon, and before an opening of it does: that one's end is told by itself, a
   * certificate's would only show as a device that is refused.
   */
  certificateEndsSoon(device: Device): boolean {
    const open = this.#policy
      .openingsOf(device.name)
      .filter((opening) => openingState(opening, this.#now()) === 'open');
    return this.#endWarning(device, open).length > 0;
  }

  /** When the last valid certificate ends, where an opening needs one for longer. */
  certificateEndsFirst(device: Device, opening: Opening): number | undefined {
    const ends = this.#policy
      .certificatesOf(device.name)
      .filter(({ revoked, notAfterMs }) => revoked === undefined && notAfterMs >= this.#now())
      .map(({ notAfterMs }) => notAfterMs);
    const last = Math.max(...ends);
    // A certificate may end in the second or minute of its opening.
    return ends.length > 0 && opening.plain === undefined && last + 86_400_000 < opening.validUntilMs
      ? last
      : undefined;
  }

  #endWarning(device: Device, open: readonly Opening[]): readonly string[] {
    const ends = open.flatMap((opening) => this.certificateEndsFirst(device, opening) ?? []);
    const soonest = Math.min(...ends);
    if (soonest > this.#now() + limits.expiresSoonDays * 86_400_000) return [];
    return [endsFirst(soonest)];
  }

  /** Other AE titles that hold a certificate of this device, too. */
  sharing(device: Device): readonly string[] {
    const certificates = this.#policy.certificatesOf(device.name).filter(({ revoked }) => revoked === undefined);
    const holders = certificates.flatMap(({ fingerprint256 }) =>
      this.#policy.certificatesByFingerprint(fingerprint256),
    );
    const others = holders.filter(({ revoked, device: name }) => revoked === undefined && name !== device.name);
    return [...new Set(others.map(({ device: name }) => name))];
  }
}

function certificateView(certificate: DeviceCertificate, nowMs: number): CertificateView {
  return {
    fingerprint256: certificate.fingerprint256,
    origin: certificate.origin,
    subject: certificate.subject,
    notAfter: iso(certificate.notAfterMs),
    state: certificate.revoked !== undefined ? 'revoked' : nowMs > certificate.notAfterMs ? 'expired' : 'valid',
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
