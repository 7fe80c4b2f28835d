/** The browser's own modal dialog: it keeps the focus inside, gives it back, and closes by Escape. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../i18n/i18n.ts';
import { Button } from './button.tsx';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly wide?: boolean;
}

export function Dialog({ title, onClose, children, wide = false }: DialogProps): JSX.Element {
  const id = useId();
  return (
    <Modal class={`dialog${wide ? ' wide' : ''}`} labelledBy={id} onClose={onClose}>
      <div class="dialog-in">
        <header>
          <h2 id={id}>{title}</h2>
          <Button icon="close" look="plain" size="small" label={t('action.close')} onClick={onClose} />
        </header>
        {children}
      </div>
    </Modal>
  );
}

export function Modal(props: {
  readonly class: string;
  readonly labelledBy?: string;
  readonly label?: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    // What had the focus gets it back, even when the dialog leaves the page without being closed.
    const before = document.activeElement;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>('[autofocus]')?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={props.class}
      aria-labelledby={props.labelledBy}
      aria-label={props.label}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      {props.children}
    </dialog>
  );
}
