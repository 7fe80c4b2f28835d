/** The effective configuration with what each key means. It is read here; leadglass.yaml rules. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { SettingsGroup, SettingView } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { t } from '../../i18n/i18n.ts';
import { Badge, Card, Empty, Loaded, PageHead } from '../../ui/parts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { Filter } from '../openings/openings-page.tsx';

export function SettingsPage(): JSX.Element {
  const [text, setText] = useState('');
  const settings = useLoad(() => control('configShow', {}));
  return (
    <>
      <PageHead title={t('nav.settings')} intro={t('settings.intro')} />
      <div class="row">
        <Filter value={text} onValue={setText} />
      </div>
      <Loaded of={settings} height={480}>
        {({ groups }) => <Groups groups={groups.map((group) => narrowed(group, text)).filter(hasSettings)} />}
      </Loaded>
    </>
  );
}

function narrowed(group: SettingsGroup, text: string): SettingsGroup {
  const needle = text.trim().toLowerCase();
  const settings = group.settings.filter(({ path, explanation, value }) =>
    `${path} ${explanation} ${value}`.toLowerCase().includes(needle),
  );
  return { ...group, settings };
}

const hasSettings = ({ settings }: SettingsGroup): boolean => settings.length > 0;

function Groups({ groups }: { readonly groups: readonly SettingsGroup[] }): JSX.Element {
  if (groups.length === 0) return <Empty icon="search" title={t('table.nothing')} />;
  return (
    <div class="stack">
      {groups.map(({ path, explanation, settings }) => (
        <Card key={path} title={path === '' ? t('settings.general') : path}>
          {path === '' ? null : <p class="quiet settings-about">{explanation}</p>}
          <dl class="settings">
            {settings.map((setting) => (
              <Setting key={setting.path} setting={setting} />
            ))}
          </dl>
        </Card>
      ))}
    </div>
  );
}

function Setting({ setting }: { readonly setting: SettingView }): JSX.Element {
  const { path, value, preset, values, explanation } = setting;
  return (
    <div class="setting">
      <dt>
        <code>{path}</code>
        {value === preset ? null : <Badge tone="accent">{t('settings.changed')}</Badge>}
      </dt>
      <dd>
        <code class="setting-value">{value}</code>
        <p>{explanation}</p>
        <p class="small quiet">
          {t('settings.values', { values })}
          {value === preset ? '' : ` · ${t('settings.preset', { preset })}`}
        </p>
      </dd>
    </div>
  );
}
