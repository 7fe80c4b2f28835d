/** When a certificate is renewed, and when a failed attempt is made again. Pure: the clock and the dice are arguments. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const pauseMsMin = minuteMs;
const pauseMsMax = 6 * hourMs;
/** A server that asks for more is a server that wants to lock us out. */
const retryAfterMsMax = 24 * hourMs;

/**
 * At a third of its life left, as ACME servers recommend, and by up to a thirtieth of it earlier, so that not everybody who
 * began on the same day comes back in the same second.
 * @param dice 0 to 1
 */
export function renewalMs(
  { notBefore, notAfter }: { readonly notBefore: Date; readonly notAfter: Date },
  dice: number,
): number {
  const lifeMs = notAfter.getTime() - notBefore.getTime();
  return notAfter.getTime() - lifeMs / 3 - (dice * lifeMs) / 30;
}

/**
 * How long to wait after so many failures in a row: a minute, doubled each time, at most six hours and, while a
 * certificate is left, at most an eighth of its time (that of a day must not wait for hours), half of it more or less by
 * the dice, and not less than the server asked for.
 * @param leftMs until the certificate in use ends; undefined when there is none
 */
export function pauseMs(
  failures: number,
  {
    leftMs,
    dice,
    retryAfterMs = 0,
  }: { readonly leftMs?: number; readonly dice: number; readonly retryAfterMs?: number },
): number {
  const doubled = pauseMsMin * 2 ** Math.min(failures - 1, 20);
  const most = leftMs === undefined ? pauseMsMax : Math.min(pauseMsMax, Math.max(10 * minuteMs, leftMs / 8));
  const wanted = Math.min(doubled, most) * (0.75 + dice / 2);
  return Math.max(wanted, Math.min(retryAfterMs, retryAfterMsMax));
}
