/** For what cannot be undone by a press: says what will happen and asks why, since the reason goes into the ledger. */
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../i18n/i18n.ts';
import { ReasonField } from './fields.tsx';
import { FormDialog } from './form-dialog.tsx';
import { useSubmit } from './use-submit.ts';

export function ReasonDialog(props: {
  readonly title: string;
  readonly text: ComponentChildren;
  readonly action: string;
  readonly danger?: boolean;
  readonly onClose: () => void;
  /** Throws what the server refused; closes when done. */
  readonly work: (reason: string) => Promise<void>;
}): JSX.Element {
  const [reason, setReason] = useState('');
  const going = useSubmit(
    async () => {
      await props.work(reason.trim());
      props.onClose();
    },
    { fields: ['reason'], check: () => ({ reason: reason.trim() === '' ? t('form.reasonMissing') : undefined }) },
  );
  return (
    <FormDialog
      title={props.title}
      action={props.action}
      danger={props.danger === true}
      going={going}
      onClose={props.onClose}
    >
      <p>{props.text}</p>
      <ReasonField autoFocus value={reason} onValue={setReason} fault={going.fault('reason')} />
    </FormDialog>
  );
}
