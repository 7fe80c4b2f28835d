/** The frame of the pages before one is signed in: the window beside a narrow column. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n/i18n.ts';
import { Glass } from './glass.tsx';
import { Logo } from './icons.tsx';
import { LanguageButton, ThemeButton } from './preference-buttons.tsx';

export function Entrance(props: {
  readonly title: string;
  readonly intro?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · Leadglass`;
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [props.title]);
  return (
    <div class="entrance">
      <div class="entrance-window">
        <Glass />
      </div>
      <main class="entrance-main">
        <div class="entrance-top">
          <span class="brand">
            <Logo />
            <span>Leadglass</span>
          </span>
          <span class="side-tools">
            <LanguageButton />
            <ThemeButton />
          </span>
        </div>
        <div class="entrance-body">
          <header>
            <h1 ref={heading} tabIndex={-1}>
              {props.title}
            </h1>
            {props.intro === undefined ? null : <p class="quiet">{props.intro}</p>}
          </header>
          {props.children}
        </div>
        <p class="entrance-foot small quiet">{t('entrance.foot')}</p>
      </main>
    </div>
  );
}
