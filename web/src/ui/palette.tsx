/** Ctrl K: every page, the usual actions, and devices, openings and people by name; found as you type, run by Enter. */
import type { JSX } from 'preact';
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import type { SessionView } from '../../../src/doors/console/people-flows.ts';
import { control } from '../api/client.ts';
import { t } from '../i18n/i18n.ts';
import { nextLanguage, signOut, toggleTheme } from '../model/actions.ts';
import { navigate } from '../model/navigation.ts';
import { pathOf } from '../model/route.ts';
import { areasOf, mayAdminister, mayUpload } from '../model/session.ts';
import { Modal } from './dialog.tsx';
import { Icon, type IconName } from './icons.tsx';
import { type Findable, matches } from './palette-match.ts';

interface Command extends Findable {
  readonly id: string;
  readonly icon: IconName;
  readonly group: string;
  readonly run: () => void;
}

export function Palette({
  session,
  onClose,
}: {
  readonly session: SessionView;
  readonly onClose: () => void;
}): JSX.Element {
  const { role } = session.account;
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const [things, setThings] = useState<readonly Command[]>([]);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let isOpen = true;
    void thingsFor(role).then((found) => isOpen && setThings(found));
    return () => {
      isOpen = false;
    };
  }, [role]);
  const own = useMemo(() => commandsFor(role), [role]);
  const found = matches([...own, ...(text === '' ? [] : things)], text).slice(0, 40);
  const current = Math.min(chosen, found.length - 1);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const move = (index: number): void => {
    const next = (index + found.length) % Math.max(found.length, 1);
    setChosen(next);
    list.current?.querySelector(`[data-index="${next}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <Modal class="dialog palette" label={t('palette.title')} onClose={onClose}>
      <div class="palette-search">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={found.length === 0 ? undefined : `${id}-${current}`}
          aria-label={t('palette.title')}
          placeholder={t('palette.hint')}
          autocomplete="off"
          spellcheck={false}
          autofocus
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setChosen(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') move(current + 1);
            else if (event.key === 'ArrowUp') move(current - 1);
            else if (event.key === 'Enter') run(found[current]);
            else return;
            event.preventDefault();
          }}
        />
        <kbd>Esc</kbd>
      </div>
      <div
        class="palette-list"
        role="listbox"
        id={`${id}-list`}
        aria-label={t('palette.title')}
        ref={list}
        tabIndex={-1}
      >
        {found.map((command, index) => (
          <>
            {command.group === found[index - 1]?.group ? null : (
              <div class="palette-group" role="presentation">
                {command.group}
              </div>
            )}
            <div
              key={command.id}
              class="palette-item"
              role="option"
              id={`${id}-${index}`}
              data-index={index}
              aria-selected={index === current ? 'true' : 'false'}
              onMouseMove={() => index !== current && setChosen(index)}
              onClick={() => run(command)}
            >
              <Icon name={command.icon} />
              <span>{command.title}</span>
              {command.aside === undefined ? null : <span class="aside">{command.aside}</span>}
            </div>
          </>
        ))}
      </div>
      {found.length === 0 ? <p class="empty">{t('palette.nothing')}</p> : null}
    </Modal>
  );
}

function commandsFor(role: string): readonly Command[] {
  const pages = areasOf(role).map((area) => ({
    id: area,
    icon: area,
    group: t('palette.pages'),
    title: t(`nav.${area}`),
    run: () => navigate(area === 'home' ? '/' : pathOf(area)),
  }));
  const action = (id: string, icon: IconName, title: string, run: () => void): Command => ({
    id,
    icon,
    title,
    run,
    group: t('palette.actions'),
  });
  return [
    ...pages,
    {
      id: 'account',
      icon: 'account',
      group: t('palette.pages'),
      title: t('nav.account'),
      run: () => navigate('/account'),
    },
    ...(mayAdminister(role)
      ? [
          action('device-add', 'plus', t('devices.add'), () => navigate('/devices/add')),
          action('invite', 'plus', t('people.invite'), () => navigate('/people')),
        ]
      : []),
    ...(mayUpload() ? [action('upload', 'upload', t('upload.title'), () => navigate('/studies/upload'))] : []),
    action('theme', 'moon', t('nav.theme'), toggleTheme),
    action('language', 'language', t('nav.language'), nextLanguage),
    action('sign-out', 'out', t('nav.signOut'), () => void signOut()),
  ];
}

/** What cannot be loaded is not found; the pages themselves say why. */
async function thingsFor(role: string): Promise<readonly Command[]> {
  const areas = areasOf(role);
  const [devices, openings, persons] = await Promise.all([
    areas.includes('devices') ? control('deviceList', {}).catch(() => []) : [],
    areas.includes('openings') ? control('openingList', {}).catch(() => []) : [],
    areas.includes('people') ? control('accountList', {}).catch(() => []) : [],
  ]);
  return [
    ...devices.map(({ aeTitle, reason }) => ({
      id: `device ${aeTitle}`,
      icon: 'devices' as const,
      group: t('nav.devices'),
      title: aeTitle,
      aside: reason,
      run: () => navigate(pathOf('devices', aeTitle)),
    })),
    ...openings.map(({ name, device, reason }) => ({
      id: `opening ${name}`,
      icon: 'openings' as const,
      group: t('nav.openings'),
      title: name,
      aside: name === device ? reason : device,
      run: () => navigate(pathOf('openings', name)),
    })),
    ...persons.map(({ name, email }) => ({
      id: `person ${email}`,
      icon: 'people' as const,
      group: t('nav.people'),
      title: name === '' ? email : name,
      aside: email,
      run: () => navigate(pathOf('people', email)),
    })),
  ];
}
