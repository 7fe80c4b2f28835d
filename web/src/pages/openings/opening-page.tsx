/** One opening: who may do what on which data until when, how it was used, and the way to end it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { OpeningView } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { dateTime, number } from '../../i18n/format.ts';
import { t, tn, word } from '../../i18n/i18n.ts';
import { daysLeft } from '../../model/openings.ts';
import { pathOf } from '../../model/route.ts';
import { currentSession, mayAdminister } from '../../model/session.ts';
import { Button } from '../../ui/button.tsx';
import { Ago, Badge, Card, Facts, Loaded, Note, PageHead, Until } from '../../ui/parts.tsx';
import { ReasonDialog } from '../../ui/reason-dialog.tsx';
import { say } from '../../ui/toasts.tsx';
import { type Loading, useLoad } from '../../ui/use-load.ts';
import { RenewDialog } from '../devices/renew-dialog.tsx';
import { OpeningBadges, scopeLines } from './opening-words.tsx';

export function OpeningPage({ name }: { readonly name: string }): JSX.Element {
  const opening = useLoad(() => control('openingShow', { name }), [name]);
  const value = opening.value;
  return (
    <>
      <PageHead
        title={name}
        crumbs={[{ href: '/openings', text: t('nav.openings') }]}
        {...(value === undefined ? {} : { intro: value.reason, badges: <OpeningBadges opening={value} /> })}
      >
        {value === undefined ? undefined : <Actions opening={value} loading={opening} />}
      </PageHead>
      <Loaded of={opening} height={320}>
        {(found) => <Detail opening={found} />}
      </Loaded>
    </>
  );
}

function Actions(props: { readonly opening: OpeningView; readonly loading: Loading<OpeningView> }): JSX.Element | null {
  const { opening, loading } = props;
  const [asked, setAsked] = useState<'close' | 'renew' | undefined>();
  const role = currentSession()?.account.role;
  const isOpen = opening.state === 'open' || opening.state === 'not-yet';
  if (!mayAdminister(role) || !isOpen) return null;
  return (
    <>
      <Button icon="clock" onClick={() => setAsked('renew')}>
        {t('device.renew')}
      </Button>
      <Button look="danger" icon="close" onClick={() => setAsked('close')}>
        {t('opening.close')}
      </Button>
      {asked === 'close' ? (
        <ReasonDialog
          title={t('opening.closeTitle', { name: opening.name })}
          text={t('opening.closeText', { device: opening.device })}
          action={t('opening.close')}
          danger
          onClose={() => setAsked(undefined)}
          work={async (reason) => {
            const { associationsEnded } = await control('openingClose', { name: opening.name, reason });
            say(
              `${t('opening.closedNow', { name: opening.name })} ${tn('opening.associationsEnded', associationsEnded)}`,
            );
            loading.reload();
          }}
        />
      ) : null}
      {asked === 'renew' ? (
        <RenewDialog aeTitle={opening.device} onClose={() => setAsked(undefined)} onDone={loading.reload} />
      ) : null}
    </>
  );
}

function Detail({ opening }: { readonly opening: OpeningView }): JSX.Element {
  const scope = scopeLines(opening);
  const days = daysLeft(opening.until, Date.now());
  return (
    <div class="stack">
      {opening.warnings.map((warning) => (
        <Note key={warning} tone="warn">
          {warning}
        </Note>
      ))}
      {opening.closed === undefined ? null : (
        <Note tone="info">
          {t('opening.closedBy', { by: opening.closed.by, at: dateTime(opening.closed.at) })} {opening.closed.reason}
        </Note>
      )}
      <div class="grid-2">
        <Card title={t('opening.right')}>
          <Facts
            facts={[
              [t('opening.device'), <a href={pathOf('devices', opening.device)}>{opening.device}</a>],
              [t('opening.purpose'), word('purpose', opening.purpose)],
              [
                t('opening.operations'),
                <span class="badges">
                  {opening.operations.map((operation) => (
                    <Badge key={operation} tone="accent">
                      {word('operation', operation)}
                    </Badge>
                  ))}
                </span>,
              ],
              [t('opening.doors'), opening.openDoors.map((door) => word('door', door)).join(', ')],
              [
                t('opening.scope'),
                scope.length === 0 ? (
                  t('scope.all')
                ) : (
                  <ul>
                    {scope.map((line) => (
                      <li key={line}>{line}</li>
                    ))}
                  </ul>
                ),
              ],
              [
                t('opening.addresses'),
                opening.addresses.length === 0 ? t('opening.anyAddress') : <code>{opening.addresses.join(', ')}</code>,
              ],
              [t('opening.privateClasses'), opening.privateSopClasses ? t('word.yes') : t('word.no')],
              [t('opening.risk'), opening.plain?.risk],
              [
                t('opening.destinations'),
                opening.moveDestinations.length === 0 ? undefined : (
                  <ul>
                    {opening.moveDestinations.map(({ aeTitle, host, port }) => (
                      <li key={aeTitle}>
                        <code>
                          {aeTitle} {host}:{port}
                        </code>
                      </li>
                    ))}
                  </ul>
                ),
              ],
            ]}
          />
        </Card>
        <Card title={t('opening.course')}>
          <Facts
            facts={[
              [
                t('opening.end'),
                <>
                  <Until at={opening.until} />
                  {opening.state === 'open' ? <span class="quiet"> – {tn('opening.daysLeft', days)}</span> : null}
                </>,
              ],
              [t('opening.from'), opening.from === undefined ? undefined : <Until at={opening.from} />],
              [t('opening.lastUsed'), <Ago at={opening.lastUsedAt} />],
              [t('opening.uses'), number(opening.useCount)],
              [t('opening.owner'), opening.owner],
              [t('opening.created'), dateTime(opening.createdAt)],
            ]}
          />
        </Card>
      </div>
    </div>
  );
}
