/** What was made just now and is shown this once; whoever has taken it along is done. */
import type { ComponentChildren, JSX } from 'preact';
import { t } from '../i18n/i18n.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';

export function OnceDialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  /** Another way out, beside the button. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { title, onClose, aside, children } = props;
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <div class="dialog-foot">
        {aside}
        <Button look="primary" onClick={onClose}>
          {t('action.done')}
        </Button>
      </div>
    </Dialog>
  );
}
