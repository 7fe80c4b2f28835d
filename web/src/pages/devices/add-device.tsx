/** The way to the wizard for a new device; who may not add one sees nothing. */
import type { JSX } from 'preact';
import { t } from '../../i18n/i18n.ts';
import { currentSession, mayAdminister } from '../../model/session.ts';
import { ButtonLink } from '../../ui/button.tsx';

export function AddDevice(props: { readonly look?: 'primary' }): JSX.Element | null {
  if (!mayAdminister(currentSession()?.account.role)) return null;
  return (
    <ButtonLink href="/devices/add" icon="plus" {...props}>
      {t('devices.add')}
    </ButtonLink>
  );
}
