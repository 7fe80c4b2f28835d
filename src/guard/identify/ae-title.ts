/**
 * Which device and which opening do AE titles, door and address lead to? On a TLS door the certificate has been proven before;
 * on a plain door this is all there is, therefore only an exception by name, address, own port and end date lets it pass.
 */
import { type AeTitle, parseAeTitle } from '../../dicom/ae-title.ts';
import { type Opening, reasonNotOpen } from '../opening.ts';
import type { Device } from '../policy-rows.ts';
import { type OpeningRules, objectionsTo } from '../purposes.ts';
import type { RefusalReason } from '../refusal.ts';
import { addressAllowed } from './address.ts';
import type { PeerFacts } from './peer-facts.ts';

/** The AE title that a peer sent, or undefined when it is none. */
export function readAeTitle(text: string): AeTitle | undefined {
  try {
    return parseAeTitle(text, 'AE title');
  } catch {
    return undefined;
  }
}

export type OpeningChoice = { readonly opening: Opening } | { readonly reason: RefusalReason };

/**
 * The device's opening for this door and address at this moment: the newest that fits. When none does, the reason says what is
 * wrong with the one that came nearest.
 */
export function chooseOpening(
  device: Device,
  openings: readonly Opening[],
  {
    facts: { door, localPort, address },
    nowMs,
    rules,
  }: {
    readonly facts: Pick<PeerFacts, 'door' | 'localPort' | 'address'>;
    readonly nowMs: number;
    readonly rules: OpeningRules;
  },
): OpeningChoice {
  if (device.revoked !== undefined) return { reason: 'device-revoked' };
  if (openings.length === 0) return { reason: 'no-opening' };
  const ofDoor = openings.filter(
    (opening) =>
      opening.doors.includes(door) &&
      (door !== 'dimse-plain' || (localPort !== undefined && opening.plain?.port === localPort)),
  );
  let nearest: OpeningReason | undefined;
  for (const opening of ofDoor.toSorted((a, b) => b.id - a.id)) {
    const reason = reasonAgainstOpening(device, opening, { address, nowMs, rules });
    if (reason === undefined) return { opening };
    if (nearest === undefined || nearness.indexOf(reason) > nearness.indexOf(nearest)) nearest = reason;
  }
  return { reason: nearest ?? 'door' };
}

type OpeningReason = 'opening-closed' | 'opening-ended' | 'opening-not-yet' | 'purpose' | 'address';
/** From far to near: which of several unfit openings explains the refusal best. */
const nearness: readonly OpeningReason[] = ['opening-closed', 'opening-ended', 'opening-not-yet', 'purpose', 'address'];

function reasonAgainstOpening(
  device: Device,
  opening: Opening,
  { address, nowMs, rules }: { readonly address: string; readonly nowMs: number; readonly rules: OpeningRules },
): OpeningReason | undefined {
  const notOpen = reasonNotOpen(opening, nowMs);
  if (notOpen !== undefined) return notOpen;
  if (opening.purpose !== device.purpose || objectionsTo(opening, rules).length > 0) return 'purpose';
  return addressAllowed(opening.addresses, address) ? undefined : 'address';
}
