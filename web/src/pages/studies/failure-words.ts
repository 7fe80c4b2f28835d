/** Failure Reasons of storing (PS3.3 C.14, PS3.18 10.5.3, PS3.4 B.2.3) in plain words. */
import { t } from '../../i18n/i18n.ts';

export function failureWords(reason: number | undefined, words: string): string {
  if (reason === undefined) return words === '' ? t('error.unreachable') : words;
  const code = `${reason.toString(16).toUpperCase().padStart(4, '0')}H`;
  switch (reason >> 8) {
    case 0xa7:
      return t('failure.space', { code });
    case 0xa9:
    case 0xc0:
      return t('failure.content', { code });
    case 0xc1:
      return t('failure.conflict', { code });
    default:
      return reason === 0x0124 ? t('failure.right', { code }) : t('failure.other', { code });
  }
}
