/** The frame of every page for somebody signed in: navigation by role, search, theme, language, sign-out. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { SessionView } from '../../../src/doors/console/people-flows.ts';
import { t, word } from '../i18n/i18n.ts';
import { signOut } from '../model/actions.ts';
import { route } from '../model/navigation.ts';
import { pathOf } from '../model/route.ts';
import { type Area, areasOf } from '../model/session.ts';
import { useStore } from '../model/store.ts';
import { Button } from './button.tsx';
import { Modal } from './dialog.tsx';
import { EmergencyBanner } from './emergency-banner.tsx';
import { Icon, Logo } from './icons.tsx';
import { Palette } from './palette.tsx';
import { LanguageButton, ThemeButton } from './preference-buttons.tsx';

export function Shell(props: {
  readonly session: SessionView;
  readonly area: Area | 'account' | undefined;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { session, area } = props;
  const [drawer, setDrawer] = useState(false);
  const [palette, setPalette] = useState(false);
  const here = useStore(route);
  useEffect(() => setDrawer(false), [here]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isK = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k';
      if (!isK || document.querySelector('dialog[open]:not(.palette)') !== null) return;
      event.preventDefault();
      setPalette((open) => !open);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const side = <Side session={session} area={area} onFind={() => setPalette(true)} />;
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('main')?.focus();
        }}
      >
        {t('nav.skip')}
      </a>
      <header class="top">
        <Button icon="menu" look="plain" label={t('nav.menu')} expanded={drawer} onClick={() => setDrawer(true)} />
        <Brand />
        <Button icon="search" look="plain" label={t('nav.find')} onClick={() => setPalette(true)} />
      </header>
      <header class="side">{side}</header>
      <main class="main" id="main" tabIndex={-1}>
        <div class="main-in">
          <EmergencyBanner emergency={session.emergency} />
          {props.children}
        </div>
      </main>
      {drawer ? (
        <Modal class="drawer" label={t('nav.menu')} onClose={() => setDrawer(false)}>
          <div class="side">
            <div class="row apart">
              <Brand />
              <Button icon="close" look="plain" label={t('action.close')} onClick={() => setDrawer(false)} />
            </div>
            <Side
              session={session}
              area={area}
              isDrawer
              onFind={() => {
                setDrawer(false);
                setPalette(true);
              }}
            />
          </div>
        </Modal>
      ) : null}
      {palette ? <Palette session={session} onClose={() => setPalette(false)} /> : null}
    </div>
  );
}

function Brand(): JSX.Element {
  return (
    <a class="brand" href="/">
      <Logo />
      <span>Leadglass</span>
    </a>
  );
}

function Side(props: {
  readonly session: SessionView;
  readonly area: Area | 'account' | undefined;
  readonly isDrawer?: boolean;
  readonly onFind: () => void;
}): JSX.Element {
  const { account } = props.session;
  return (
    <>
      {props.isDrawer === true ? null : <Brand />}
      <button type="button" class="finder" onClick={props.onFind}>
        <Icon name="search" size={16} />
        <span>{t('nav.find')}</span>
        <kbd>{/mac/i.test(navigator.userAgent) ? '⌘ K' : 'Ctrl K'}</kbd>
      </button>
      <nav class="nav" aria-label={t('nav.main')}>
        {areasOf(account.role).map((area) => (
          <a
            key={area}
            href={area === 'home' ? '/' : pathOf(area)}
            aria-current={props.area === area ? 'page' : undefined}
          >
            <Icon name={area} />
            {t(`nav.${area}`)}
          </a>
        ))}
      </nav>
      <div class="side-foot">
        <div class="side-tools">
          <ThemeButton />
          <LanguageButton />
          <Button icon="out" look="plain" size="small" label={t('nav.signOut')} onClick={() => void signOut()} />
        </div>
        <a class="me" href="/account" aria-current={props.area === 'account' ? 'page' : undefined}>
          <span class="avatar" aria-hidden="true">
            {initials(account.name)}
          </span>
          <span class="who">
            <strong>{account.name}</strong>
            <span class="small quiet">{word('role', account.role)}</span>
          </span>
        </a>
      </div>
    </>
  );
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const [first = ''] = words;
  const last = words.length > 1 ? (words.at(-1) ?? '') : '';
  return `${String.fromCodePoint(first.codePointAt(0) ?? 32)}${String.fromCodePoint(last.codePointAt(0) ?? 32)}`
    .trim()
    .toUpperCase();
}
