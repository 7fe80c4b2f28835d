/** Recovery codes, shown this once: to copy, print or save. They go on only when one of them was typed back. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { t } from '../../i18n/i18n.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/fields.tsx';
import { CopyButton } from '../../ui/parts.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { useSubmit } from '../../ui/use-submit.ts';

export function RecoveryCodes(props: { readonly codes: readonly string[]; readonly onKept: () => void }): JSX.Element {
  const { codes, onKept } = props;
  const asked = useMemo(() => Math.floor(Math.random() * codes.length), [codes]);
  const [typed, setTyped] = useState('');
  const going = useSubmit(
    async () => {
      onKept();
    },
    { check: () => ({ code: isSameCode(typed, codes[asked] ?? '') ? undefined : t('recovery.wrong') }) },
  );
  return (
    <form class="stack" onSubmit={going.onSubmit} noValidate>
      <div class="codes-frame">
        <ol class="codes">
          {codes.map((code, index) => (
            <li key={code}>
              <span class="number">{index + 1}</span>
              <code>{code}</code>
            </li>
          ))}
        </ol>
        <div class="row">
          <CopyButton text={codes.join('\n')} />
          <Button size="small" icon="print" onClick={() => print()}>
            {t('action.print')}
          </Button>
          <Button
            size="small"
            icon="download"
            onClick={() => saveFile('leadglass-recovery-codes.txt', `${codes.join('\n')}\n`)}
          >
            {t('action.save')}
          </Button>
        </div>
      </div>
      <TextField
        label={t('recovery.check', { number: asked + 1 })}
        hint={t('recovery.checkHint')}
        mono
        value={typed}
        onValue={setTyped}
        fault={going.fault('code')}
      />
      <Button type="submit" look="primary" size="wide" busy={going.busy}>
        {t('recovery.kept')}
      </Button>
    </form>
  );
}

/** Written by hand, dashes and capitals differ. */
function isSameCode(typed: string, code: string): boolean {
  const bare = (text: string): string => text.replaceAll(/[\s-]/g, '').toLowerCase();
  return bare(typed) === bare(code) && code !== '';
}
