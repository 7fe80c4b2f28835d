/** What waits for a second person: the list with yes and no, and the note for whoever asked. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { WaitingView } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { dateTime } from '../../i18n/format.ts';
import { t } from '../../i18n/i18n.ts';
import { currentSession } from '../../model/session.ts';
import { Button } from '../../ui/button.tsx';
import { Card, Note } from '../../ui/parts.tsx';
import { ReasonDialog } from '../../ui/reason-dialog.tsx';
import { say } from '../../ui/toasts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';

/** Says to whoever asked that nothing is open yet, and who can change that. */
export function WaitingNote({ waiting }: { readonly waiting: WaitingView | undefined }): JSX.Element | null {
  if (waiting === undefined) return null;
  const until = dateTime(waiting.until);
  return (
    <Note tone="warn">
      <strong>{t('waiting.title')}</strong>{' '}
      {waiting.operatorOnly
        ? t('waiting.operatorOnly', { number: String(waiting.number), until })
        : t('waiting.text', { until })}
    </Note>
  );
}

/** Nothing is shown where nothing waits. */
export function WaitingChanges(props: {
  readonly changes: readonly WaitingView[];
  readonly onDone: () => void;
}): JSX.Element | null {
  const { changes, onDone } = props;
  if (changes.length === 0) return null;
  return (
    <Card title={t('waiting.title')}>
      <ul class="files">
        {changes.map((change) => (
          <Waiting key={change.number} change={change} onDone={onDone} />
        ))}
      </ul>
    </Card>
  );
}

function Waiting({ change, onDone }: { readonly change: WaitingView; readonly onDone: () => void }): JSX.Element {
  const [isRefusing, setRefusing] = useState(false);
  const { number, summary, reason, askedBy, until } = change;
  const isOwn = currentSession()?.account.email === askedBy;
  const giving = useSubmit(async () => {
    await control('confirmationGive', { number });
    say(t('waiting.confirmed'));
    onDone();
  });
  return (
    <li>
      <div class="grow">
        <p>{summary}</p>
        <p class="small quiet">
          {reason === undefined ? '' : `${reason} · `}
          {t('waiting.askedBy', { email: askedBy, until: dateTime(until) })}
        </p>
        {giving.problem === undefined ? null : <Note tone="danger">{giving.problem}</Note>}
      </div>
      {isOwn ? null : (
        <Button size="small" icon="check" busy={giving.busy} onClick={() => void giving.run()}>
          {t('waiting.confirm')}
          <span class="hidden-visually"> {summary}</span>
        </Button>
      )}
      <Button size="small" look="plain" onClick={() => setRefusing(true)}>
        {isOwn ? t('waiting.takeBack') : t('waiting.refuse')}
        <span class="hidden-visually"> {summary}</span>
      </Button>
      {isRefusing ? (
        <ReasonDialog
          title={t('waiting.refuseTitle')}
          text={summary}
          action={isOwn ? t('waiting.takeBack') : t('waiting.refuse')}
          onClose={() => setRefusing(false)}
          work={async (why) => {
            await control('confirmationRefuse', { number, reason: why });
            onDone();
          }}
        />
      ) : null}
    </li>
  );
}
