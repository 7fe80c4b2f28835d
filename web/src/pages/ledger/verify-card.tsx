/** Checks the whole chain, on request: it reads every record. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { LedgerVerdict } from '../../../../src/doors/control/control-services.ts';
import { control } from '../../api/client.ts';
import { dateTime, number } from '../../i18n/format.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Copyable, Note } from '../../ui/parts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';

export function VerifyCard(): JSX.Element {
  const [verdict, setVerdict] = useState<LedgerVerdict | undefined>();
  const going = useSubmit(async () => setVerdict(await control('ledgerVerify', {})));
  return (
    <div class="verify card flat">
      <Icon name="shield" size={22} />
      <div class="grow" role="status">
        {going.problem === undefined ? null : <Note tone="danger">{going.problem}</Note>}
        {verdict === undefined ? (
          <>
            <strong>{t('verify.title')}</strong>
            <p class="quiet small">{t('verify.text')}</p>
          </>
        ) : (
          <Verdict verdict={verdict} />
        )}
      </div>
      <Button busy={going.busy} onClick={() => void going.run()}>
        {t('verify.run')}
      </Button>
    </div>
  );
}

function Verdict({ verdict }: { readonly verdict: LedgerVerdict }): JSX.Element {
  if (!verdict.intact) {
    const { seq, file, line } = verdict.firstBad;
    const place = [seq === undefined ? '' : number(seq), file, line === undefined ? '' : String(line)].filter(Boolean);
    return (
      <>
        <strong class="soon">{t('verify.broken', { place: place.join(', ') })}</strong>
        <p>{verdict.reason}</p>
      </>
    );
  }
  const { records, head, checkpoints, lastCheckpoint } = verdict;
  return (
    <>
      <strong>
        {t('verify.intact')} {tn('ledger.records', records)}, {tn('verify.checkpoints', checkpoints)}.
      </strong>
      <p class="quiet small">
        {t('verify.signed', { at: dateTime(lastCheckpoint.at), seq: number(lastCheckpoint.seq) })}
      </p>
      <div class="small">
        <Copyable text={head.hash} label={t('verify.copy')} />
      </div>
    </>
  );
}
