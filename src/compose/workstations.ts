/** Where people sit, between the policy and the accounts: sessions end with their workstation, passcodes are for devices that exist. */
import { parseAeTitle } from '../dicom/ae-title.ts';
import type { SignedInView } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import { openingState } from '../guard/opening.ts';
import type { Device } from '../guard/policy-rows.ts';
import type { PolicyStore } from '../guard/policy-store.ts';
import { RefusedError } from '../guard/refusal.ts';
import type { Role } from '../guard/roles.ts';
import type { People } from '../people/people.ts';

/**
 * The sessions at a workstation end when it is revoked or nothing of it is open any more; requests in flight were ended by the guard. What
 * was revoked while the server stood still ends at its start.
 */
export function endWorkstationSessions(policy: PolicyStore, people: People): Disposable {
  const review = (name: string, device: Device | undefined): void => {
    if (people.sessions.at(name).length === 0) return;
    const isOpen = policy.openingsOf(parseAeTitle(name, 'device')).some(
      // Not yet open, or over: each request is refused by the guard, and a new day may bring it back.
      ({ closed }) => closed === undefined,
    );
    if (device === undefined || device.revoked !== undefined || !isOpen) people.sessions.endAt(name);
  };
  for (const device of policy.devices()) review(device.name, device);
  return policy.onChange((name) => review(name, policy.device(name)));
}

/**
 * Who works at enrolled workstations only makes passcodes there only: else the rights of the role would leave by a device, made from anywhere.
 * @throws RefusedError NOT_AUTHORIZED
 */
export function refuseAwayFromWorkstation(
  held: readonly Role[],
  { role, workstation }: { readonly role: Role; readonly workstation?: string },
): void {
  if (workstation === undefined && held.includes(role)) throw new RefusedError('NOT_AUTHORIZED', 'workstation-missing');
}

/**
 * A device at which people may say who they are: one that comes by DIMSE over TLS.
 * @throws LeadglassError NOT_FOUND, in the same words whatever is missing: who asks administers no devices
 */
export function userDeviceOf(policy: PolicyStore, typed: string): string {
  const nowMs = Date.now();
  const found = policy.devices().find(({ name, revoked }) => name === typed.trim() && revoked === undefined);
  const isOpen = (found === undefined ? [] : policy.openingsOf(found.name)).some(
    (opening) => openingState(opening, nowMs) === 'open' && opening.doors.includes('dimse-tls'),
  );
  if (found !== undefined && isOpen) return found.name;
  throw new LeadglassError(
    'NOT_FOUND',
    'There is no open device of that AE title that speaks DICOM over TLS: ask the administrator for the name',
  );
}

/** Each person once, the last used first. */
export function signedInAt({ sessions }: People, workstation: string): readonly SignedInView[] {
  const used = new Map<string, number>();
  sessions.sweep();
  for (const { id, usedAtMs } of sessions.at(workstation)) {
    const email = sessions.look(id)?.account.email;
    if (email !== undefined) used.set(email, Math.max(usedAtMs, used.get(email) ?? 0));
  }
  return [...used]
    .toSorted(([, one], [, other]) => other - one)
    .map(([email, usedAtMs]) => ({ email, usedAt: new Date(usedAtMs).toISOString() }));
}
