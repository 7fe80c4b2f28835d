/** Buttons: one look for what does something, with a busy state that keeps its width and its focus. */
import type { ComponentChildren, JSX } from 'preact';
import { Icon, type IconName } from './icons.tsx';

export interface ButtonProps {
  readonly children?: ComponentChildren;
  readonly icon?: IconName;
  /** Instead of children, for a button that shows its icon only. */
  readonly label?: string;
  readonly look?: 'primary' | 'danger' | 'danger primary' | 'plain';
  readonly size?: 'small' | 'wide';
  readonly type?: 'button' | 'submit';
  readonly busy?: boolean;
  readonly disabled?: boolean;
  readonly onClick?: () => void;
  readonly pressed?: boolean;
  readonly expanded?: boolean;
  /** `aria-describedby` */
  readonly describedBy?: string;
}

export function Button(props: ButtonProps): JSX.Element {
  const { children, icon, label, look, size, type = 'button', busy = false, disabled = false, onClick } = props;
  const isIcon = children === undefined;
  return (
    <button
      type={type}
      class={['button', look, size, isIcon ? 'icon' : ''].filter(Boolean).join(' ')}
      // A busy button keeps the focus; `disabled` would drop it to the page.
      aria-disabled={busy ? 'true' : undefined}
      disabled={disabled}
      aria-label={isIcon ? label : undefined}
      title={isIcon ? label : undefined}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      aria-describedby={props.describedBy}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.();
      }}
    >
      {busy ? (
        <span class="spin" />
      ) : icon === undefined ? null : (
        <Icon name={icon} size={size === 'small' ? 16 : 18} />
      )}
      {children}
    </button>
  );
}

export function ButtonLink(props: {
  readonly href: string;
  readonly children: ComponentChildren;
  readonly icon?: IconName;
  readonly look?: 'primary' | 'plain';
  readonly size?: 'small';
}): JSX.Element {
  const { href, children, icon, look, size } = props;
  return (
    <a href={href} class={['button', look, size].filter(Boolean).join(' ')}>
      {icon === undefined ? null : <Icon name={icon} size={size === 'small' ? 16 : 18} />}
      {children}
    </a>
  );
}
