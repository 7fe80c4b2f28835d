/** An invitation: to whom, in which role, why; then the one-time link, to be handed over by a way that is not the server's. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AccountLink } from '../../../../src/doors/control/control-services.ts';
import { type Role, roles } from '../../../../src/guard/roles.ts';
import { control } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t, word } from '../../i18n/i18n.ts';
import { dayFromNow } from '../../model/openings.ts';
import { pathOf } from '../../model/route.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { DateField, ReasonField, SelectField, TextField } from '../../ui/fields.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { OnceDialog } from '../../ui/once-dialog.tsx';
import { Note, Secret } from '../../ui/parts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';
import { boundsOf } from './images-draft.ts';

export function InviteDialog({
  onClose,
  onDone,
}: {
  readonly onClose: () => void;
  readonly onDone: () => void;
}): JSX.Element {
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('physician');
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState('');
  const [made, setMade] = useState<AccountLink | undefined>();
  const today = dayFromNow(0, Date.now());
  const going = useSubmit(
    async () => {
      setMade(
        await control('accountInvite', {
          email: email.trim(),
          role,
          reason: reason.trim(),
          ...(name.trim() === '' ? {} : { name: name.trim() }),
          ...(until === '' ? {} : { until }),
        }),
      );
      onDone();
    },
    {
      fields: ['email', 'name', 'role', 'until', 'reason'],
      check: () => ({
        email: /^\S+@\S+$/.test(email.trim()) ? undefined : t('people.emailWrong'),
        until: until !== '' && until < today ? t('form.past') : undefined,
        reason: reason.trim() === '' ? t('form.reasonMissing') : undefined,
      }),
    },
  );
  if (made !== undefined) return <LinkDialog made={made} onClose={onClose} />;
  return (
    <FormDialog title={t('people.invite')} action={t('people.inviteDo')} going={going} onClose={onClose}>
      <TextField
        label={t('people.email')}
        type="email"
        required
        autoFocus
        value={email}
        onValue={setEmail}
        fault={going.fault('email')}
      />
      <TextField
        label={t('people.name')}
        hint={t('people.nameHint')}
        optional
        maxLength={200}
        value={name}
        onValue={setName}
        fault={going.fault('name')}
      />
      <SelectField
        label={t('people.role')}
        hint={`${t(`roleHint.${role}`)} ${opensOf(role)}`}
        value={role}
        onValue={setRole}
        options={roles.map((value) => ({ value, label: word('role', value) }))}
        fault={going.fault('role')}
      />
      <DateField
        label={t('people.until')}
        optional
        value={until}
        onValue={setUntil}
        min={today}
        fault={going.fault('until')}
      />
      <ReasonField value={reason} onValue={setReason} fault={going.fault('reason')} />
    </FormDialog>
  );
}

/** What an invitation opens by itself, as src/compose/control-accounts.ts does it. */
function opensOf(role: Role): string {
  const { operations, usual } = boundsOf(role);
  if (operations.length === 0) return '';
  if (usual.length === 0) return t('people.opensNothing');
  return t('people.opens', { operations: usual.map((operation) => word('operation', operation)).join(', ') });
}

export function LinkDialog({
  made,
  onClose,
}: {
  readonly made: AccountLink;
  readonly onClose: () => void;
}): JSX.Element {
  return (
    <OnceDialog
      title={t('link.title')}
      onClose={onClose}
      aside={
        // Where it is the page already, this closes the dialog alone.
        <ButtonLink href={pathOf('people', made.account.email)} look="plain">
          {t('people.toPage')}
        </ButtonLink>
      }
    >
      <p>{t('link.text', { email: made.account.email })}</p>
      <Secret text={made.link} />
      {made.needsConfirmation ? <Note tone="warn">{t('link.confirm')}</Note> : null}
      <p class="quiet small">{t('link.ends', { at: dateTime(made.until) })}</p>
    </OnceDialog>
  );
}
