/** The usual distances of an end date. */
import { t } from '../../i18n/i18n.ts';
import { dayFromNow } from '../../model/openings.ts';

export function quickDays(): readonly { readonly label: string; readonly day: string }[] {
  const nowMs = Date.now();
  return [
    { label: t('quick.month'), day: dayFromNow(30, nowMs) },
    { label: t('quick.half'), day: dayFromNow(182, nowMs) },
    { label: t('quick.year'), day: dayFromNow(365, nowMs) },
  ];
}
