/** The wizard for a new device: what it is, how it connects, and then the exact values to type into it. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { DeviceAdded } from '../../../../src/doors/control/control-services.ts';
import type { WorkstationPurpose } from '../../../../src/guard/workstations.ts';
import { control } from '../../api/client.ts';
import { t } from '../../i18n/i18n.ts';
import { makeDeviceKey } from '../../model/device-key.ts';
import { dayFromNow } from '../../model/openings.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { ChoiceField, TextField } from '../../ui/fields.tsx';
import { PageHead, Problem } from '../../ui/parts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';
import { ConnectionStep } from './connection-step.tsx';
import {
  deviceAddOf,
  type DeviceDraft,
  emptyDraft,
  type Faults,
  faultsOfConnection,
  faultsOfDevice,
  isWorkstationDraft,
  plainDaysMax,
} from './device-draft.ts';
import { ReadyStep } from './ready-step.tsx';

const workstationPurposes = [
  'workstation-reading',
  'workstation-exchange',
  'workstation-administration',
] as const satisfies readonly WorkstationPurpose[];

interface Made {
  readonly added: DeviceAdded;
  readonly privatePem: string | undefined;
}

export function DeviceAddPage(): JSX.Element {
  const [draft, setDraft] = useState<DeviceDraft>(emptyDraft);
  const [step, setStep] = useState<0 | 1 | 2>(0);
  const [made, setMade] = useState<Made | undefined>();
  const shown = useRef<unknown>(0);
  useEffect(() => {
    if (shown.current === (made ?? step)) return;
    shown.current = made ?? step;
    // What had the focus is gone with its step.
    scrollTo({ top: 0 });
    document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [made, step]);
  const change = (part: Partial<DeviceDraft>): void => setDraft((before) => ({ ...before, ...part }));
  return (
    <>
      <PageHead
        title={
          made === undefined
            ? t('devices.add')
            : t(made.added.waiting === undefined ? 'ready.title' : 'ready.titleWaiting', {
                aeTitle: made.added.device.aeTitle,
              })
        }
        crumbs={[{ href: '/devices', text: t('nav.devices') }]}
        {...(made === undefined ? { intro: t('add.intro') } : {})}
      />
      <Progress step={made === undefined ? step : 2} />
      {made === undefined ? (
        <div class="wizard">
          {step === 0 ? (
            <DeviceStep draft={draft} change={change} onNext={() => setStep(1)} />
          ) : (
            <Connecting draft={draft} change={change} onBack={() => setStep(0)} onMade={setMade} />
          )}
        </div>
      ) : (
        <ReadyStep added={made.added} privatePem={made.privatePem} />
      )}
    </>
  );
}

function Progress({ step }: { readonly step: 0 | 1 | 2 }): JSX.Element {
  const names = [t('add.step1'), t('add.step2'), t('add.step3')];
  return (
    <ol class="progress-steps" aria-label={t('add.steps')}>
      {names.map((name, index) => (
        <li
          key={name}
          class={index < step ? 'done' : index === step ? 'now' : ''}
          aria-current={index === step ? 'step' : undefined}
        >
          <i aria-hidden="true">{index + 1}</i>
          <span>{name}</span>
        </li>
      ))}
    </ol>
  );
}

export interface StepProps {
  readonly draft: DeviceDraft;
  readonly change: (part: Partial<DeviceDraft>) => void;
}

function DeviceStep({ draft, change, onNext }: StepProps & { readonly onNext: () => void }): JSX.Element {
  const going = useSubmit(async () => onNext(), { check: () => worded(faultsOfDevice(draft)) });
  return (
    <form class="stack wide" onSubmit={going.onSubmit} noValidate>
      <TextField
        label={t('device.aeTitle')}
        hint={t('add.aeTitleHint')}
        mono
        required
        autoFocus
        maxLength={16}
        value={draft.aeTitle}
        onValue={(aeTitle) => change({ aeTitle })}
        fault={going.fault('aeTitle')}
      />
      <ChoiceField
        label={t('opening.purpose')}
        value={draft.purpose}
        onValue={(purpose) => change({ purpose, operations: undefined, ...proofFor(purpose, draft) })}
        options={[
          { value: 'acquisition', label: t('purpose.acquisition'), hint: t('add.acquisition') },
          { value: 'reading', label: t('purpose.reading'), hint: t('add.reading') },
          { value: 'exchange', label: t('purpose.exchange'), hint: t('add.exchange') },
          { value: 'archive', label: t('purpose.archive'), hint: t('add.archive') },
          ...workstationPurposes.map((value) => ({ value, label: t(`purpose.${value}`), hint: t(`add.${value}`) })),
        ]}
      />
      <TextField
        label={t('device.reason')}
        hint={t('add.reasonHint')}
        required
        maxLength={200}
        value={draft.reason}
        onValue={(reason) => change({ reason })}
        fault={going.fault('reason')}
      />
      <div class="form-foot">
        <ButtonLink href="/devices" look="plain">
          {t('action.cancel')}
        </ButtonLink>
        <Button type="submit" look="primary" busy={going.busy}>
          {t('action.next')}
        </Button>
      </div>
    </form>
  );
}

/** A browser without TLS does not reach the console at all. */
function proofFor(purpose: DeviceDraft['purpose'], { proof }: DeviceDraft): Partial<DeviceDraft> {
  return isWorkstationDraft({ purpose }) && proof === 'plain' ? { proof: 'key' } : {};
}

function Connecting(
  props: StepProps & { readonly onBack: () => void; readonly onMade: (made: Made) => void },
): JSX.Element {
  const { draft, change } = props;
  const nowMs = Date.now();
  const bounds = { today: dayFromNow(0, nowMs), plainEnd: dayFromNow(plainDaysMax, nowMs) };
  const going = useSubmit(
    async () => {
      const key = draft.proof === 'key' ? await makeDeviceKey() : undefined;
      const added = await control('deviceAdd', deviceAddOf(draft, key?.publicPem));
      props.onMade({ added, privatePem: key?.privatePem });
    },
    { fields: ['until', 'addresses', 'pem'], check: () => worded(faultsOfConnection(draft, bounds)) },
  );
  return (
    <form class="stack wide" onSubmit={going.onSubmit} noValidate>
      <Problem text={going.problem} />
      <ConnectionStep draft={draft} change={change} fault={going.fault} bounds={bounds} />
      <div class="form-foot">
        <Button look="plain" icon="left" onClick={props.onBack}>
          {t('action.back')}
        </Button>
        <Button type="submit" look="primary" busy={going.busy}>
          {t('add.open')}
        </Button>
      </div>
    </form>
  );
}

function worded(faults: Faults): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(faults).map(([field, fault]) => [field, t(`fault.${fault}`)]));
}
