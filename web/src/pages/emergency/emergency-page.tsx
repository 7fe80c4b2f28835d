/**
 * Emergency access of who treats: one patient that one may not see otherwise, for a short time. What follows is said before it is asked for,
 * and nothing is told of any patient before it is open.
 */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { OwnEmergency } from '../../../../src/doors/control/control-services.ts';
import { ApiError } from '../../api/api-error.ts';
import { control, read } from '../../api/client.ts';
import { clockTime } from '../../i18n/format.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { navigate } from '../../model/navigation.ts';
import { currentSession, signedIn } from '../../model/session.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { EndEmergency } from '../../ui/emergency-banner.tsx';
import { DateField, Segments, TextArea, TextField } from '../../ui/fields.tsx';
import { Card, Empty, Loaded, Note, PageHead, Problem } from '../../ui/parts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { useSubmit } from '../../ui/use-submit.ts';

const reasonCharactersMin = 10;
const spans = ['30', '60', '120', '240'] as const;
type Span = (typeof spans)[number];
const proofs = ['birthDate', 'familyName'] as const;
type Proof = (typeof proofs)[number];

export function EmergencyPage(): JSX.Element {
  const own = useLoad(() => control('emergencyOwnShow', {}));
  return (
    <>
      <PageHead title={t('nav.emergency')} intro={t('emergency.intro')} />
      <Loaded of={own} height={620}>
        {(view) => <Own own={view} />}
      </Loaded>
    </>
  );
}

function Own({ own }: { readonly own: OwnEmergency }): JSX.Element {
  const { open } = currentSession()?.emergency === undefined ? { open: undefined } : own;
  if (open !== undefined) {
    return (
      <Card title={t('emergency.isOpen', { patient: open.patientId })}>
        <div class="stack">
          <p>{t('emergency.onlyThis', { time: clockTime(open.until) })}</p>
          <p class="quiet">{open.reason}</p>
          <div class="row">
            <ButtonLink href="/studies" icon="studies" look="primary">
              {t('emergency.toStudies')}
            </ButtonLink>
            <EndEmergency />
          </div>
        </div>
      </Card>
    );
  }
  if (!own.mayOpen) {
    return (
      <Empty icon="emergency" title={t('emergency.notNeeded')}>
        <p>{t('emergency.notNeededText')}</p>
      </Empty>
    );
  }
  if (own.left === 0) {
    return (
      <Empty icon="emergency" title={t('emergency.usedUp')}>
        <p>{t('emergency.usedUpText')}</p>
      </Empty>
    );
  }
  return (
    <div class="emergency-grid">
      <EmergencyForm own={own} />
      <Consequences left={own.left} />
    </div>
  );
}

function Consequences({ left }: { readonly left: number }): JSX.Element {
  return (
    <Card title={t('emergency.follows')}>
      <ul class="plain-list">
        <li>{t('emergency.follows1')}</li>
        <li>{t('emergency.follows2')}</li>
        <li>{t('emergency.follows3')}</li>
        <li>{t('emergency.follows4')}</li>
      </ul>
      <p class="quiet small">{tn('emergency.left', left)}</p>
    </Card>
  );
}

function EmergencyForm({ own }: { readonly own: OwnEmergency }): JSX.Element {
  const [patientId, setPatientId] = useState('');
  const [proof, setProof] = useState<Proof>('birthDate');
  const [birthDate, setBirthDate] = useState('');
  const [familyName, setFamilyName] = useState('');
  const [issuer, setIssuer] = useState<string | undefined>();
  const [reason, setReason] = useState('');
  const [span, setSpan] = useState<Span>('60');
  const going = useSubmit(
    async () => {
      const named = proof === 'birthDate' ? { birthDate } : { familyName: familyName.trim() };
      const of = issuer === undefined || issuer.trim() === '' ? {} : { issuer: issuer.trim() };
      try {
        await control('emergencyOpen', {
          patientId: patientId.trim(),
          ...named,
          ...of,
          reason: reason.trim(),
          minutes: Number(span),
        });
      } catch (error) {
        if (error instanceof ApiError && error.field === 'issuer') setIssuer((before) => before ?? '');
        throw inOwnWords(error);
      }
      signedIn(await read('session'));
      navigate('/studies');
    },
    {
      fields: ['patientId', 'birthDate', 'familyName', 'issuer', 'reason'],
      check: () => ({
        patientId: patientId.trim() === '' ? t('form.missing') : undefined,
        birthDate: proof === 'birthDate' && birthDate === '' ? t('form.missing') : undefined,
        familyName: proof === 'familyName' && familyName.trim() === '' ? t('form.missing') : undefined,
        reason: reason.trim().length < reasonCharactersMin ? t('emergency.reasonShort') : undefined,
      }),
    },
  );
  return (
    <Card title={t('emergency.which')}>
      <form class="stack" onSubmit={going.onSubmit} noValidate>
        <Problem text={going.problem} />
        <TextField
          label={t('study.patientId')}
          hint={t('emergency.patientIdHint')}
          required
          mono
          maxLength={64}
          value={patientId}
          onValue={setPatientId}
          fault={going.fault('patientId')}
        />
        <div class="stack tight">
          <span class="label" aria-hidden="true">
            {t('emergency.proof')}
          </span>
          <Segments
            label={t('emergency.proof')}
            value={proof}
            onValue={setProof}
            options={proofs.map((value) => ({ value, label: t(`emergency.${value}`) }))}
          />
          {proof === 'birthDate' ? (
            <DateField
              label={t('emergency.birthDate')}
              value={birthDate}
              onValue={setBirthDate}
              fault={going.fault('birthDate')}
            />
          ) : (
            <TextField
              label={t('emergency.familyName')}
              hint={t('emergency.familyNameHint')}
              required
              maxLength={64}
              value={familyName}
              onValue={setFamilyName}
              fault={going.fault('familyName')}
            />
          )}
        </div>
        {issuer === undefined ? null : (
          <TextField
            label={t('study.issuer')}
            hint={t('emergency.issuerHint')}
            maxLength={64}
            autoFocus
            value={issuer}
            onValue={setIssuer}
            fault={going.fault('issuer')}
          />
        )}
        <TextArea
          label={t('form.reason')}
          hint={t('emergency.reasonHint')}
          value={reason}
          onValue={setReason}
          fault={going.fault('reason')}
        />
        <div class="field">
          <span class="label" aria-hidden="true">
            {t('emergency.span')}
          </span>
          <Segments
            label={t('emergency.span')}
            value={span}
            onValue={setSpan}
            options={spans
              .filter((value) => Number(value) <= own.minutesMax)
              .map((value) => ({ value, label: t(`emergency.span${value}`) }))}
          />
        </div>
        <Note tone="warn">{t('emergency.alert')}</Note>
        <div class="row">
          <Button type="submit" look="danger primary" busy={going.busy}>
            {t('emergency.open')}
          </Button>
        </div>
      </form>
    </Card>
  );
}

/** What the server says in English of these has a text of ours. */
function inOwnWords(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const { status, field, code } = error;
  const told = (title: string): ApiError =>
    new ApiError({ title, status, code, ...(field === undefined ? {} : { field }) });
  if (code === 'NOT_FOUND') return told(t('emergency.noPatient'));
  if (field === 'issuer') return told(t('emergency.severalPatients'));
  return error;
}
