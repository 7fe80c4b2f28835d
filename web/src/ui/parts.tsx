/** Small parts of pages: headings, badges, notes, empty and loading states, facts, copying. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/i18n.ts';
import { dateTime, exactTime, relative } from '../i18n/format.ts';
import { Button } from './button.tsx';
import { Icon, type IconName } from './icons.tsx';
import { errorWords } from './errors.ts';
import type { Loading } from './use-load.ts';

export interface Crumb {
  readonly href: string;
  readonly text: string;
}

/** The heading takes the focus when its page comes, so that keyboard and reader begin there. */
export function PageHead(props: {
  readonly title: string;
  readonly intro?: ComponentChildren;
  readonly crumbs?: readonly Crumb[];
  readonly badges?: ComponentChildren;
  readonly children?: ComponentChildren;
}): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · Leadglass`;
  }, [props.title]);
  useEffect(() => {
    const active = document.activeElement;
    if (active === null || active === document.body || !active.matches('input, textarea, select')) {
      heading.current?.focus({ preventScroll: true });
    }
  }, []);
  return (
    <header class="page-head">
      <div class="titles">
        {props.crumbs === undefined ? null : (
          <nav class="crumbs" aria-label={t('nav.path')}>
            {props.crumbs.map(({ href, text }) => (
              <span key={href} class="row">
                <a href={href}>{text}</a>
                <Icon name="right" size={13} />
              </span>
            ))}
          </nav>
        )}
        <div class="row">
          <h1 ref={heading} tabIndex={-1}>
            {props.title}
          </h1>
          {props.badges}
        </div>
        {props.intro === undefined ? null : <p>{props.intro}</p>}
      </div>
      {props.children === undefined ? null : <div class="row">{props.children}</div>}
    </header>
  );
}

export type Tone = 'plain' | 'ok' | 'warn' | 'danger' | 'accent';
const toneIcons: Readonly<Record<'info' | 'ok' | 'warn' | 'danger', IconName>> = {
  info: 'info',
  ok: 'check',
  warn: 'warning',
  danger: 'danger',
};

export function Badge({
  tone = 'plain',
  children,
}: {
  readonly tone?: Tone;
  readonly children: ComponentChildren;
}): JSX.Element {
  return <span class={`badge ${tone}`}>{children}</span>;
}

export function Note(props: {
  readonly tone: 'info' | 'ok' | 'warn' | 'danger';
  readonly children: ComponentChildren;
  /** Read out when it appears. */
  readonly live?: boolean;
}): JSX.Element {
  return (
    <div class={`note ${props.tone}`} role={props.live === true ? 'alert' : undefined}>
      <Icon name={toneIcons[props.tone]} />
      <div class="grow">{props.children}</div>
    </div>
  );
}

/** What is wrong with a form as a whole, read out when it comes. */
export function Problem({ text }: { readonly text: string | undefined }): JSX.Element | null {
  if (text === undefined) return null;
  return (
    <Note tone="danger" live>
      {text}
    </Note>
  );
}

export function Card(props: {
  readonly title?: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly class?: string;
}): JSX.Element {
  const id = useId();
  return (
    <section class={`card ${props.class ?? ''}`} {...(props.title === undefined ? {} : { 'aria-labelledby': id })}>
      {props.title === undefined ? null : (
        <div class="card-head">
          <h2 id={id}>{props.title}</h2>
          {props.aside}
        </div>
      )}
      {props.children}
    </section>
  );
}

export function Empty(props: {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <Icon name={props.icon} size={32} />
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

export function Skeleton({ lines = 4, height }: { readonly lines?: number; readonly height?: number }): JSX.Element {
  const widths = ['92%', '76%', '84%', '62%'];
  return (
    <div class="stack" role="status">
      <span class="hidden-visually">{t('state.loading')}</span>
      {height === undefined ? (
        Array.from({ length: lines }, (_, index) => (
          <div key={index} class="skeleton line" style={{ width: widths[index % widths.length] ?? '80%' }} />
        ))
      ) : (
        <div class="skeleton" style={{ height: `${height}px` }} />
      )}
    </div>
  );
}

/** What a page shows while it loads, when that failed, and then. */
export function Loaded<T>(props: {
  readonly of: Loading<T>;
  /** Height of what comes, so that nothing jumps. */
  readonly height?: number;
  readonly children: (value: T) => ComponentChildren;
}): JSX.Element {
  const { of, height, children } = props;
  if (of.value !== undefined) return <>{children(of.value)}</>;
  if (of.error !== undefined) return <Failed error={of.error} again={of.reload} />;
  return <Skeleton {...(height === undefined ? {} : { height })} />;
}

export function Failed({ error, again }: { readonly error: unknown; readonly again?: () => void }): JSX.Element {
  return (
    <Note tone="danger" live>
      <div class="row apart">
        <span class="grow">{errorWords(error)}</span>
        {again === undefined ? null : (
          <Button size="small" icon="refresh" onClick={again}>
            {t('action.again')}
          </Button>
        )}
      </div>
    </Note>
  );
}

export function Facts({ facts }: { readonly facts: readonly (readonly [string, ComponentChildren])[] }): JSX.Element {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== '')
        .map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
    </dl>
  );
}

/** The moment of a record, to the second. */
export const Moment = ({ at }: { readonly at: string }): JSX.Element => (
  <time class="nowrap" dateTime={at}>
    {exactTime(at)}
  </time>
);

/** A moment as people say it, with the exact one behind it. */
export function Ago({ at }: { readonly at: string | undefined }): JSX.Element {
  if (at === undefined) return <span class="quiet">{t('time.never')}</span>;
  return (
    <time dateTime={at} title={dateTime(at)}>
      {relative(at)}
    </time>
  );
}

/** The end of an opening: a day, or a moment within one. */
export function Until({ at }: { readonly at: string | undefined }): JSX.Element {
  if (at === undefined) return <span class="quiet">{t('time.noEnd')}</span>;
  return (
    <time dateTime={at} title={dateTime(at)} class="nowrap">
      {dateTime(at)}
    </time>
  );
}

export function Absent(): JSX.Element {
  return <span class="quiet absent">–</span>;
}

export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), 2000);
  };
  return (
    <span>
      <Button
        icon={copied ? 'check' : 'copy'}
        look="plain"
        size="small"
        label={label ?? t('action.copy')}
        onClick={() => {
          void copy();
        }}
      />
      <span class="hidden-visually" role="status">
        {copied ? t('action.copied') : ''}
      </span>
    </span>
  );
}

/** A value that somebody types elsewhere or takes along. */
export function Copyable({ text, label }: { readonly text: string; readonly label?: string }): JSX.Element {
  return (
    <span class="copy">
      <code>{text}</code>
      <CopyButton text={text} {...(label === undefined ? {} : { label })} />
    </span>
  );
}

export function Secret({ text }: { readonly text: string }): JSX.Element {
  return (
    <div class="secret">
      <code>{text}</code>
      <CopyButton text={text} />
    </div>
  );
}

export interface Tab<V extends string> {
  readonly id: V;
  readonly title: string;
  readonly content: () => ComponentChildren;
}

/** ARIA tabs: arrows move, one is in the order of Tab. */
export function Tabs<V extends string>({
  label,
  tabs,
}: {
  readonly label: string;
  readonly tabs: readonly Tab<V>[];
}): JSX.Element {
  const id = useId();
  const [chosen, setChosen] = useState(0);
  const current = tabs[Math.min(chosen, tabs.length - 1)];
  const list = useRef<HTMLDivElement>(null);
  const go = (index: number): void => {
    const next = (index + tabs.length) % tabs.length;
    setChosen(next);
    const button = list.current?.children[next];
    if (button instanceof HTMLElement) button.focus();
  };
  return (
    <div class="stack">
      <div
        class="tabs"
        role="tablist"
        aria-label={label}
        ref={list}
        onKeyDown={(event) => {
          if (event.key === 'ArrowRight') go(chosen + 1);
          else if (event.key === 'ArrowLeft') go(chosen - 1);
          else if (event.key === 'Home') go(0);
          else if (event.key === 'End') go(tabs.length - 1);
          else return;
          event.preventDefault();
        }}
      >
        {tabs.map((tab, index) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${id}-${tab.id}`}
            aria-selected={index === chosen ? 'true' : 'false'}
            aria-controls={`${id}-panel`}
            tabIndex={index === chosen ? 0 : -1}
            onClick={() => setChosen(index)}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={current === undefined ? undefined : `${id}-${current.id}`}
        tabIndex={0}
      >
        {current?.content()}
      </div>
    </div>
  );
}
