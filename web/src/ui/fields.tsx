/** Fields of forms: a label, a hint, the fault at the field itself, and the wiring that assistive technology needs. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/i18n.ts';
import { Button } from './button.tsx';
import { Icon } from './icons.tsx';

interface Framing {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly fault?: string | undefined;
  readonly optional?: boolean;
}
interface Wiring {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': 'true' | undefined;
}

function Framed({
  label,
  hint,
  fault,
  optional = false,
  children,
}: Framing & { readonly children: (wiring: Wiring) => JSX.Element }): JSX.Element {
  const id = useId();
  const described = [hint === undefined ? '' : `${id}-hint`, fault === undefined ? '' : `${id}-fault`].filter(Boolean);
  return (
    <div class="field">
      <label for={id}>
        {label} {optional ? <span class="optional">{t('form.optional')}</span> : null}
      </label>
      {children({
        id,
        'aria-describedby': described.length === 0 ? undefined : described.join(' '),
        'aria-invalid': fault === undefined ? undefined : 'true',
      })}
      {hint === undefined ? null : (
        <div class="hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      <Fault id={`${id}-fault`} text={fault} />
    </div>
  );
}

function Fault({ id, text }: { readonly id: string; readonly text: string | undefined }): JSX.Element | null {
  if (text === undefined) return null;
  return (
    <div class="fault" id={id} role="alert">
      <Icon name="danger" size={15} />
      <span>{text}</span>
    </div>
  );
}

export interface TextFieldProps extends Framing {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly type?: 'text' | 'email' | 'search' | 'number';
  readonly autoComplete?: string;
  readonly inputMode?: 'numeric' | 'text' | 'email';
  readonly placeholder?: string;
  readonly maxLength?: number;
  readonly required?: boolean;
  readonly autoFocus?: boolean;
  readonly mono?: boolean;
  readonly code?: boolean;
  readonly list?: readonly string[];
}

export function TextField(props: TextFieldProps): JSX.Element {
  const { value, onValue, type = 'text', autoComplete = 'off', mono = false, code = false, list } = props;
  const listId = useId();
  const input = useRef<HTMLInputElement>(null);
  // The attribute alone works once in the life of a document.
  useEffect(() => {
    if (props.autoFocus === true) input.current?.focus();
  }, []);
  return (
    <Framed {...props}>
      {(wiring) => (
        <>
          <input
            {...wiring}
            ref={input}
            class={`input${mono ? ' mono' : ''}${code ? ' code-input' : ''}`}
            type={type}
            value={value}
            autocomplete={autoComplete}
            autocapitalize="none"
            spellcheck={false}
            {...(props.inputMode === undefined ? {} : { inputmode: props.inputMode })}
            {...(props.placeholder === undefined ? {} : { placeholder: props.placeholder })}
            {...(props.maxLength === undefined ? {} : { maxlength: props.maxLength })}
            {...(list === undefined ? {} : { list: listId })}
            required={props.required ?? false}
            autofocus={props.autoFocus ?? false}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
          {list === undefined ? null : (
            <datalist id={listId}>
              {list.map((entry) => (
                <option key={entry} value={entry} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Framed>
  );
}

/** Why something is done: it stands in the ledger beside what was done. */
export function ReasonField(props: {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly fault?: string | undefined;
  readonly autoFocus?: boolean;
}): JSX.Element {
  return <TextField label={t('form.reason')} hint={t('form.reasonHint')} required maxLength={500} {...props} />;
}

export function PasswordField(
  props: Framing & {
    readonly value: string;
    readonly onValue: (value: string) => void;
    readonly autoComplete: 'current-password' | 'new-password';
    readonly maxLength?: number;
  },
): JSX.Element {
  const [shown, setShown] = useState(false);
  return (
    <Framed {...props}>
      {(wiring) => (
        <div class="with-affix">
          <input
            {...wiring}
            class="input"
            {...(shown ? ({ type: 'text' } as const) : ({ type: 'password' } as const))}
            value={props.value}
            autocomplete={props.autoComplete}
            autocapitalize="none"
            spellcheck={false}
            required
            {...(props.maxLength === undefined ? {} : { maxlength: props.maxLength })}
            onInput={(event) => props.onValue(event.currentTarget.value)}
          />
          <Button
            icon="eye"
            look="plain"
            size="small"
            pressed={shown}
            label={t('form.showPassword')}
            onClick={() => setShown(!shown)}
          />
        </div>
      )}
    </Framed>
  );
}

export function TextArea(
  props: Framing & { readonly value: string; readonly onValue: (value: string) => void; readonly rows?: number },
): JSX.Element {
  return (
    <Framed {...props}>
      {(wiring) => (
        <textarea
          {...wiring}
          class="input"
          rows={props.rows ?? 3}
          value={props.value}
          onInput={(event) => props.onValue(event.currentTarget.value)}
        />
      )}
    </Framed>
  );
}

export interface Option<V extends string> {
  readonly value: V;
  readonly label: string;
  readonly hint?: string;
}

export function SelectField<V extends string>(
  props: Framing & { readonly value: V; readonly options: readonly Option<V>[]; readonly onValue: (value: V) => void },
): JSX.Element {
  return (
    <Framed {...props}>
      {(wiring) => (
        <select
          {...wiring}
          class="input"
          value={props.value}
          onChange={(event) => {
            const chosen = props.options.find(({ value }) => value === event.currentTarget.value);
            if (chosen !== undefined) props.onValue(chosen.value);
          }}
        >
          {props.options.map(({ value, label }) => (
            <option key={value} value={value} selected={value === props.value}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Framed>
  );
}

/** One of a few, each with a sentence of its own. */
export function ChoiceField<V extends string>(
  props: Framing & { readonly value: V; readonly options: readonly Option<V>[]; readonly onValue: (value: V) => void },
): JSX.Element {
  const name = useId();
  return (
    <fieldset class="field">
      <legend>{props.label}</legend>
      <div class="choices">
        {props.options.map(({ value, label, hint }) => (
          <label key={value} class="choice">
            <input
              type="radio"
              name={name}
              value={value}
              checked={value === props.value}
              onChange={() => props.onValue(value)}
            />
            <strong>{label}</strong>
            {hint === undefined ? null : <span class="small quiet">{hint}</span>}
          </label>
        ))}
      </div>
      <Fault id={`${name}-fault`} text={props.fault} />
    </fieldset>
  );
}

/** One of a few short words, side by side. */
export function Segments<V extends string>(props: {
  readonly label: string;
  readonly value: V;
  readonly options: readonly Option<V>[];
  readonly onValue: (value: V) => void;
}): JSX.Element {
  const name = useId();
  return (
    <div class="segments" role="radiogroup" aria-label={props.label}>
      {props.options.map(({ value, label }) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === props.value}
            onChange={() => props.onValue(value)}
          />
          {label}
        </label>
      ))}
    </div>
  );
}

export function CheckField(props: {
  readonly label: ComponentChildren;
  readonly hint?: string;
  readonly checked: boolean;
  readonly onChecked: (checked: boolean) => void;
}): JSX.Element {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={props.checked}
        onChange={(event) => props.onChecked(event.currentTarget.checked)}
      />
      <span>
        {props.label}
        {props.hint === undefined ? null : <span class="small quiet"> – {props.hint}</span>}
      </span>
    </label>
  );
}

/** Several of a few. */
export function CheckGroup<V extends string>(
  props: Framing & {
    readonly values: readonly V[];
    readonly options: readonly Option<V>[];
    readonly onValues: (values: readonly V[]) => void;
  },
): JSX.Element {
  const id = useId();
  return (
    <fieldset class="field">
      <legend>{props.label}</legend>
      <div class="stack tight">
        {props.options.map(({ value, label, hint }) => (
          <CheckField
            key={value}
            label={label}
            {...(hint === undefined ? {} : { hint })}
            checked={props.values.includes(value)}
            onChecked={(checked) =>
              props.onValues(checked ? [...props.values, value] : props.values.filter((known) => known !== value))
            }
          />
        ))}
      </div>
      {props.hint === undefined ? null : <div class="hint">{props.hint}</div>}
      <Fault id={`${id}-fault`} text={props.fault} />
    </fieldset>
  );
}

/** A day, with the usual distances one press away. */
export function DateField(
  props: Framing & {
    /** YYYY-MM-DD, or empty. */
    readonly value: string;
    readonly onValue: (value: string) => void;
    readonly min?: string;
    readonly max?: string;
    readonly quick?: readonly { readonly label: string; readonly day: string }[];
  },
): JSX.Element {
  return (
    <Framed {...props}>
      {(wiring) => (
        <>
          <input
            {...wiring}
            class="input"
            type="date"
            value={props.value}
            {...(props.min === undefined ? {} : { min: props.min })}
            {...(props.max === undefined ? {} : { max: props.max })}
            onInput={(event) => props.onValue(event.currentTarget.value)}
          />
          {props.quick === undefined ? null : (
            <div class="row">
              {props.quick.map(({ label, day }) => (
                <Button key={label} size="small" pressed={props.value === day} onClick={() => props.onValue(day)}>
                  {label}
                </Button>
              ))}
            </div>
          )}
        </>
      )}
    </Framed>
  );
}
