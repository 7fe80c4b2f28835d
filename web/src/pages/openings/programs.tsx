/** Programs that act for people, below what is open: they open nothing, and whoever looks for rights looks for them too. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ClientView } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { t } from '../../i18n/i18n.ts';
import { currentSession, mayAdminister } from '../../model/session.ts';
import { Button } from '../../ui/button.tsx';
import { Ago, Badge, Until } from '../../ui/parts.tsx';
import { ReasonDialog } from '../../ui/reason-dialog.tsx';
import { Table } from '../../ui/table.tsx';
import { say } from '../../ui/toasts.tsx';
import { useLoad } from '../../ui/use-load.ts';

/** Nothing where there are none: they are registered at the command line. */
export function Programs(): JSX.Element | null {
  const programs = useLoad(() => control('clientList', {}));
  const [leaving, setLeaving] = useState<ClientView | undefined>();
  const mayRemove = mayAdminister(currentSession()?.account.role);
  if (programs.value === undefined || programs.value.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="programs">
      <h2 id="programs">{t('programs.title')}</h2>
      <p class="quiet small">{t('programs.intro')}</p>
      <Table
        caption={t('programs.title')}
        rows={programs.value}
        rowKey={({ name }) => name}
        empty={null}
        columns={[
          {
            key: 'title',
            title: t('authorize.program'),
            cell: ({ title, name, state }) => (
              <span class="row">
                <span title={name}>{title}</span>
                {state === 'open' ? null : <Badge tone="warn">{t('programs.ended')}</Badge>}
              </span>
            ),
            sortBy: ({ title }) => title,
          },
          { key: 'scope', title: t('opening.operations'), cell: ({ scope }) => <code>{scope}</code>, priority: 2 },
          {
            key: 'back',
            title: t('authorize.back'),
            cell: ({ redirectUris }) => redirectUris.map((uri) => new URL(uri).host).join(', '),
            priority: 3,
          },
          { key: 'lastUsedAt', title: t('opening.lastUsed'), cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} /> },
          { key: 'until', title: t('opening.end'), cell: ({ until }) => <Until at={until} />, end: true },
          ...(mayRemove
            ? [
                {
                  key: 'action',
                  title: t('table.actions'),
                  cell: (program: ClientView) => (
                    <Button size="small" look="danger" onClick={() => setLeaving(program)}>
                      {t('programs.remove')}
                    </Button>
                  ),
                  end: true,
                },
              ]
            : []),
        ]}
      />
      {leaving === undefined ? null : (
        <ReasonDialog
          title={t('programs.removeTitle', { name: leaving.title })}
          text={t('programs.removeText')}
          action={t('programs.remove')}
          danger
          onClose={() => setLeaving(undefined)}
          work={async (reason) => {
            await control('clientRemove', { name: leaving.name, reason });
            say(t('programs.removed', { name: leaving.title }));
            programs.reload();
          }}
        />
      )}
    </section>
  );
}
