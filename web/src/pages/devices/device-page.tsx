/** One device: its certificates, its openings, and what may be done with it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { CertificateView, DeviceView, SignedInView } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t, tn, word } from '../../i18n/i18n.ts';
import { pathOf } from '../../model/route.ts';
import { currentSession, mayAdminister } from '../../model/session.ts';
import { Button } from '../../ui/button.tsx';
import { Ago, Badge, Card, CopyButton, Empty, Facts, Loaded, Note, PageHead, Until } from '../../ui/parts.tsx';
import { ReasonDialog } from '../../ui/reason-dialog.tsx';
import { Table } from '../../ui/table.tsx';
import { say } from '../../ui/toasts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { OpeningsTable } from '../openings/openings-table.tsx';
import { stateTones } from './devices-page.tsx';
import { RenewDialog } from './renew-dialog.tsx';
import { TokenDialog } from './token-dialog.tsx';

export function DevicePage({ aeTitle }: { readonly aeTitle: string }): JSX.Element {
  const shown = useLoad(() => control('deviceShow', { aeTitle }), [aeTitle]);
  const device = shown.value?.device;
  const hasWeb = shown.value?.openings.some(({ state, openDoors }) => state === 'open' && openDoors.includes('web'));
  return (
    <>
      <PageHead
        title={aeTitle}
        crumbs={[{ href: '/devices', text: t('nav.devices') }]}
        {...(device === undefined
          ? {}
          : {
              intro: device.reason,
              badges: <Badge tone={stateTones[device.state]}>{word('state', device.state)}</Badge>,
            })}
      >
        {device === undefined ? undefined : <Actions device={device} hasWeb={hasWeb ?? false} onDone={shown.reload} />}
      </PageHead>
      <Loaded of={shown} height={360}>
        {({ device: found, openings, signedIn }) => (
          <div class="stack wide">
            {found.warnings.length === 0 ? null : (
              <div class="stack tight">
                {found.warnings.map((warning) => (
                  <Note key={warning} tone="warn">
                    {warning}
                  </Note>
                ))}
              </div>
            )}
            <Card title={t('device.facts')}>
              <Facts
                facts={[
                  [t('opening.purpose'), word('purpose', found.purpose)],
                  [t('opening.lastUsed'), <Ago at={found.lastUsedAt} />],
                  [t('device.enrolled'), `${dateTime(found.enrolledAt)}, ${found.owner}`],
                ]}
              />
            </Card>
            {signedIn === undefined ? null : <SignedIn people={signedIn} />}
            <section class="stack" aria-label={t('nav.openings')}>
              <h2>{t('nav.openings')}</h2>
              <OpeningsTable openings={openings} hideDevice />
            </section>
            <section class="stack" aria-label={t('device.certificates')}>
              <h2>{t('device.certificates')}</h2>
              <Certificates certificates={found.certificates} />
            </section>
          </div>
        )}
      </Loaded>
    </>
  );
}

/** Of a workstation: whose sessions were begun at it and go on. */
function SignedIn({ people }: { readonly people: readonly SignedInView[] }): JSX.Element {
  return (
    <section class="stack" aria-label={t('device.signedIn')}>
      <h2>{t('device.signedIn')}</h2>
      <Table
        caption={t('device.signedIn')}
        rows={people}
        rowKey={({ email }) => email}
        href={({ email }) => pathOf('people', email)}
        order={{ key: 'usedAt', descending: true }}
        empty={<Empty icon="account" title={t('sessions.none')} />}
        columns={[
          { key: 'email', title: t('people.email'), cell: ({ email }) => email },
          {
            key: 'usedAt',
            title: t('opening.lastUsed'),
            cell: ({ usedAt }) => <Ago at={usedAt} />,
            sortBy: ({ usedAt }) => Date.parse(usedAt),
          },
        ]}
      />
    </section>
  );
}

function Actions(props: {
  readonly device: DeviceView;
  readonly hasWeb: boolean;
  readonly onDone: () => void;
}): JSX.Element | null {
  const { device, hasWeb, onDone } = props;
  const [asked, setAsked] = useState<'renew' | 'revoke' | 'token' | undefined>();
  const role = currentSession()?.account.role;
  if (!mayAdminister(role) || device.state === 'revoked') return null;
  const close = (): void => setAsked(undefined);
  const { aeTitle } = device;
  return (
    <>
      {hasWeb ? (
        <Button icon="key" onClick={() => setAsked('token')}>
          {t('device.token')}
        </Button>
      ) : null}
      <Button icon="clock" onClick={() => setAsked('renew')}>
        {t('device.renew')}
      </Button>
      <Button look="danger" icon="close" onClick={() => setAsked('revoke')}>
        {t('device.revoke')}
      </Button>
      {asked === 'token' ? <TokenDialog aeTitle={aeTitle} onClose={close} /> : null}
      {asked === 'renew' ? <RenewDialog aeTitle={aeTitle} onClose={close} onDone={onDone} /> : null}
      {asked === 'revoke' ? (
        <ReasonDialog
          title={t('device.revokeTitle', { aeTitle })}
          text={t('device.revokeText')}
          action={t('device.revoke')}
          danger
          onClose={close}
          work={async (reason) => {
            const { certificatesRevoked, openingsClosed } = await control('deviceRevoke', { aeTitle, reason });
            say(
              `${tn('device.certificatesRevoked', certificatesRevoked)} ${tn('device.openingsClosed', openingsClosed)}`,
            );
            onDone();
          }}
        />
      ) : null}
    </>
  );
}

function Certificates({ certificates }: { readonly certificates: readonly CertificateView[] }): JSX.Element {
  return (
    <Table
      caption={t('device.certificates')}
      rows={certificates}
      rowKey={({ fingerprint256 }) => fingerprint256}
      order={{ key: 'end', descending: true }}
      empty={
        <Empty icon="key" title={t('device.noCertificate')}>
          <p>{t('device.noCertificateText')}</p>
        </Empty>
      }
      columns={[
        { key: 'subject', title: t('certificate.subject'), cell: ({ subject }) => <code>{subject}</code> },
        {
          key: 'state',
          title: t('opening.state'),
          cell: ({ state }) => (
            <Badge tone={state === 'valid' ? 'ok' : state === 'expired' ? 'warn' : 'plain'}>
              {word('state', state)}
            </Badge>
          ),
        },
        { key: 'origin', title: t('certificate.origin'), cell: ({ origin }) => t(`certificate.${origin}`) },
        {
          key: 'fingerprint',
          title: 'SHA-256',
          cell: ({ fingerprint256 }) => (
            <span class="copy">
              <code>{fingerprint256.slice(0, 16)}…</code>
              <CopyButton text={fingerprint256} label={t('certificate.copy')} />
            </span>
          ),
          priority: 3,
        },
        {
          key: 'end',
          title: t('certificate.end'),
          cell: ({ notAfter }) => <Until at={notAfter} />,
          sortBy: ({ notAfter }) => notAfter,
          end: true,
        },
      ]}
    />
  );
}
