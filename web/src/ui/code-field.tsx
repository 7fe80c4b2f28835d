/** Six digits of an authenticator app; sent as soon as the last one is there. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n/i18n.ts';
import { TextField } from './fields.tsx';

export function CodeField(props: {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly onWhole: () => void;
  readonly fault?: string | undefined;
  readonly autoFocus?: boolean;
}): JSX.Element {
  const { value, onWhole } = props;
  const sent = useRef('');
  useEffect(() => {
    if (value.length !== 6 || sent.current === value) return;
    sent.current = value;
    onWhole();
  }, [value]);
  return (
    <TextField
      label={t('code.label')}
      hint={t('code.hint')}
      code
      inputMode="numeric"
      autoComplete="one-time-code"
      autoFocus={props.autoFocus ?? false}
      required
      value={value}
      fault={props.fault}
      onValue={(text) => props.onValue(text.replaceAll(/\D/g, '').slice(0, 6))}
    />
  );
}
