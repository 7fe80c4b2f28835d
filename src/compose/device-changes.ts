/** The guard's services for devices over one installation, as commands and confirmations use them. */
import type { WaitingView } from '../doors/control/control-services.ts';
import { DeviceService } from '../guard/device-service.ts';
import { DeviceTokens } from '../guard/device-tokens.ts';
import { OpeningService } from '../guard/opening-service.ts';
import type { WaitingChange } from '../guard/waiting-change.ts';
import { limits } from '../limits.ts';
import { issuerOver } from './device-credentials.ts';
import type { Installation } from './installation.ts';

export interface DeviceChanges {
  readonly devices: DeviceService;
  readonly tokens: DeviceTokens;
  readonly openings: OpeningService;
}

export function deviceChanges({ policy, authority, config }: Installation): DeviceChanges {
  const timeZone = Temporal.Now.timeZoneId();
  const common = { store: policy, now: Date.now, timeZone };
  return {
    devices: new DeviceService({
      ...common,
      issuer: issuerOver(authority),
      rules: { ...limits, extendedKeyUsageRequired: false },
      plainPortFirst: config.doors.plain.firstPort,
    }),
    tokens: new DeviceTokens({ ...common, rules: limits }),
    openings: new OpeningService({ ...common, rules: limits }),
  };
}

/** @param isSecondThere has somebody other than this account an account that could confirm? */
export function waitingView(waiting: WaitingChange, isSecondThere: (askedBy: string) => boolean): WaitingView {
  const { id, change, summary, askedBy, askedAtMs, notAfterMs } = waiting;
  return {
    number: id,
    kind: change.kind,
    summary,
    ...('terms' in change ? { reason: change.terms.reason } : {}),
    askedBy,
    askedAt: new Date(askedAtMs).toISOString(),
    until: new Date(notAfterMs).toISOString(),
    operatorOnly: !isSecondThere(askedBy),
  };
}
