/** The end of the wizard: what to type into the device, what to put onto it, and a look-out for its first echo. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DeviceAdded } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t } from '../../i18n/i18n.ts';
import { pathOf } from '../../model/route.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Card, Copyable, Facts, Note } from '../../ui/parts.tsx';
import { DeviceFiles } from './device-files.tsx';
import { WaitingNote } from './waiting-changes.tsx';

/** Each look is a line in the ledger: often at first, then rarely, then only when somebody asks again. */
const looksMs = [...Array.from({ length: 24 }, () => 5000), ...Array.from({ length: 40 }, () => 20_000)];

export function ReadyStep(props: {
  readonly added: DeviceAdded;
  readonly privatePem: string | undefined;
}): JSX.Element {
  const { added, privatePem } = props;
  const { server, device, opening } = added;
  const hasDimse = opening.openDoors.some((door) => door !== 'web');
  return (
    <div class="stack wide">
      {added.warnings.map((warning) => (
        <Note key={warning} tone="warn">
          {warning}
        </Note>
      ))}
      {opening.operations.includes('sign-in') ? <Note tone="info">{t('ready.workstation')}</Note> : null}
      <WaitingNote waiting={added.waiting} />
      <FirstUse name={opening.name} isWaiting={added.waiting !== undefined} />
      <div class="grid-2">
        <Card title={t('ready.values')}>
          <p class="quiet small ready-text">{t('ready.valuesText')}</p>
          <Facts
            facts={[
              ...(hasDimse
                ? ([
                    [t('ready.host'), <Copyable text={server.host} />],
                    [t('ready.port'), <Copyable text={String(server.port)} />],
                    [t('ready.called'), <Copyable text={server.aeTitle} />],
                  ] as const)
                : []),
              [t('ready.calling'), <Copyable text={device.aeTitle} />],
              ...(hasDimse ? ([['TLS', server.tls ? t('ready.tls') : t('ready.noTls')]] as const) : []),
              [t('ready.web'), added.webBaseUrl === undefined ? undefined : <Copyable text={added.webBaseUrl} />],
            ]}
          />
        </Card>
        <Card title={t('ready.files')}>
          {server.tls ? (
            <DeviceFiles added={added} {...(privatePem === undefined ? {} : { privatePem })} />
          ) : (
            <p class="quiet">{t('ready.noFiles')}</p>
          )}
        </Card>
      </div>
      <div class="row">
        <ButtonLink href={pathOf('devices', device.aeTitle)}>{t('ready.toDevice')}</ButtonLink>
        <ButtonLink href="/openings" look="plain">
          {t('home.allOpenings')}
        </ButtonLink>
      </div>
    </div>
  );
}

interface Seen {
  readonly usedAt: string | undefined;
  readonly isConfirmed: boolean;
}

/** Live: that a second person has confirmed, then the opening's last use, until there is one. */
function FirstUse({ name, isWaiting }: { readonly name: string; readonly isWaiting: boolean }): JSX.Element {
  // What waits is not there yet.
  const [{ usedAt, isConfirmed }, setSeen] = useState<Seen>({ usedAt: undefined, isConfirmed: !isWaiting });
  const [looks, setLooks] = useState(0);
  const isOver = looks >= looksMs.length;
  useEffect(() => {
    if (usedAt !== undefined || isOver) return;
    const timer = setTimeout(() => {
      control('openingShow', { name })
        .then(({ lastUsedAt }) => setSeen({ usedAt: lastUsedAt, isConfirmed: true }))
        // The next look may reach the server again.
        .catch(() => undefined)
        .finally(() => setLooks(looks + 1));
    }, looksMs[looks]);
    return () => clearTimeout(timer);
  }, [looks, usedAt]);
  const words = isOver
    ? (['ready.waitedTitle', 'ready.waitedText'] as const)
    : isConfirmed
      ? (['ready.waiting', 'ready.waitingText'] as const)
      : (['ready.confirmation', 'ready.confirmationText'] as const);
  return (
    <div class={`first-use ${usedAt === undefined ? 'waiting' : 'here'}`} role="status">
      <span class="first-use-lamp" aria-hidden="true">
        {usedAt === undefined ? null : <Icon name="check" size={20} />}
      </span>
      <div>
        <strong>{usedAt === undefined ? t(words[0]) : t('ready.here')}</strong>
        <p class="quiet">{usedAt === undefined ? t(words[1]) : dateTime(usedAt)}</p>
      </div>
    </div>
  );
}
