/** A dialog that is a form: what the server refused above, the fields, and the two ways out below. */
import type { ComponentChildren, JSX } from 'preact';
import { t } from '../i18n/i18n.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Problem } from './parts.tsx';
import type { Submitting } from './use-submit.ts';

export function FormDialog(props: {
  readonly title: string;
  /** On the button that sends the form. */
  readonly action: string;
  readonly danger?: boolean;
  readonly going: Submitting;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { title, action, danger = false, going, onClose, children } = props;
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={going.onSubmit} noValidate>
        <Problem text={going.problem} />
        {children}
        <div class="dialog-foot">
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" look={danger ? 'danger primary' : 'primary'} busy={going.busy}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
