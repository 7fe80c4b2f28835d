/** Errors in the words of the reader. The server's own detail is made for people and shown as it is. */
import { ApiError } from '../api/api-error.ts';
import { PasskeyError } from '../api/passkey.ts';
import { t, tn } from '../i18n/i18n.ts';
import { StepUpCancelled } from '../model/step-up.ts';

export function errorWords(error: unknown): string {
  if (error instanceof PasskeyError) return t(`passkey.${error.failure}`);
  if (error instanceof StepUpCancelled) return t('stepUp.missing');
  if (!(error instanceof ApiError)) return t('error.internal');
  if (error.code === 'UNREACHABLE') return t('error.unreachable');
  const answer = providerAnswers.find((known) => known === error.answer);
  if (answer !== undefined) return t(`provider.${answer}`);
  if (error.status === 429) return tn('error.tooMany', Math.max(1, error.retryAfterSeconds ?? 1));
  if (error.code === 'NOT_AUTHORIZED') return error.message === 'Forbidden' ? t('error.forbidden') : error.message;
  return error.message === '' ? t('error.internal') : error.message;
}

/** What goes wrong at the hospital's own sign-in happens to everybody, and is told in the language of the page. */
const providerAnswers = [
  'PROVIDER_UNREACHABLE',
  'PROVIDER_REFUSED',
  'PROVIDER_ANSWER_INVALID',
  'SECOND_FACTOR_UNPROVEN',
  'ROLE_MISSING',
  'ROLE_AMBIGUOUS',
  'NOT_LINKED',
  'NO_ADDRESS',
  'OTHER_PERSON',
  'PROVIDER_ONLY',
  'LOCAL_OFF',
  'NOT_FRESH',
] as const;

/** The fault of one field, where the server named it: `email`, `arguments.until`. */
export function faultOf(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError) || error.field === undefined) return undefined;
  return error.field.split('.').at(-1) === field ? error.message : undefined;
}
