/** The window: one pane for each opening. A bright pane was used today, a dull one is idle, amber wants a look. */
import type { JSX } from 'preact';
import type { OpeningView } from '../../../../src/doors/control/control-services.ts';
import { t, tn, word } from '../../i18n/i18n.ts';
import { daysLeft, type Light, lightOf, marksOf } from '../../model/openings.ts';
import { pathOf } from '../../model/route.ts';
import { Empty, Until } from '../../ui/parts.tsx';
import { AddDevice } from '../devices/add-device.tsx';

const lights: readonly Exclude<Light, 'dark'>[] = ['bright', 'lit', 'idle', 'warn'];
const order: readonly Light[] = ['warn', 'bright', 'lit', 'idle', 'dark'];

export function OpeningWindow({ openings }: { readonly openings: readonly OpeningView[] }): JSX.Element {
  const nowMs = Date.now();
  const open = openings
    .filter(({ state }) => state === 'open')
    .map((opening) => ({ opening, light: lightOf(opening, nowMs) }))
    .toSorted(
      (a, b) => order.indexOf(a.light) - order.indexOf(b.light) || a.opening.name.localeCompare(b.opening.name),
    );
  if (open.length === 0) {
    return (
      <Empty icon="openings" title={t('home.nothingOpen')}>
        <p>{t('home.nothingOpenText')}</p>
        <AddDevice />
      </Empty>
    );
  }
  return (
    <div class="stack">
      <ul class="window">
        {open.map(({ opening, light }) => (
          <li key={opening.id}>
            <a class={`pane ${light}`} href={pathOf('openings', opening.name)}>
              <strong>{opening.name}</strong>
              <span>{word('purpose', opening.purpose)}</span>
              <span class="pane-end">
                {t('opening.until')} <Until at={opening.until} />
              </span>
              <span class="hidden-visually">
                {[t(`light.${light}`), ...marksOf(opening, nowMs).map((mark) => t(`mark.${mark}`))].join(', ')}
              </span>
            </a>
          </li>
        ))}
      </ul>
      <div class="legend" aria-hidden="true">
        {lights.map((light) => (
          <span key={light}>
            <i class={`pane ${light}`} />
            {t(`light.${light}`)}
          </span>
        ))}
      </div>
    </div>
  );
}

export function EndingSoon({ openings }: { readonly openings: readonly OpeningView[] }): JSX.Element {
  const nowMs = Date.now();
  const next = openings
    .filter(({ state }) => state === 'open')
    .toSorted((a, b) => daysLeft(a.until, nowMs) - daysLeft(b.until, nowMs))
    .slice(0, 6);
  if (next.length === 0) return <p class="quiet">{t('home.nothingOpen')}</p>;
  return (
    <ul class="lines">
      {next.map(({ id, name, until }) => {
        const days = daysLeft(until, nowMs);
        return (
          <li key={id}>
            <a href={pathOf('openings', name)}>{name}</a>
            <span class={days <= 30 ? 'soon' : 'quiet'}>{tn('opening.daysLeft', days)}</span>
            <Until at={until} />
          </li>
        );
      })}
    </ul>
  );
}
