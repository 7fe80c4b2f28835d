/** What a device needs beside its values: its key, its certificate and the authority that it must trust. Told this once. */
import type { JSX } from 'preact';
import type { DeviceAdded } from '../../../../src/doors/control/control-services.ts';
import { t } from '../../i18n/i18n.ts';
import { Button } from '../../ui/button.tsx';
import { Note } from '../../ui/parts.tsx';
import { saveFile } from '../../ui/save-file.ts';

export function DeviceFiles(props: { readonly added: DeviceAdded; readonly privatePem?: string }): JSX.Element {
  const { added, privatePem } = props;
  const name = added.device.aeTitle.toLowerCase();
  const files = [
    { file: `${name}-key.pem`, about: t('files.key'), pem: privatePem },
    { file: `${name}-cert.pem`, about: t('files.certificate'), pem: added.certificatePem },
    { file: 'leadglass-ca.pem', about: t('files.authority'), pem: added.authorityPem },
  ].filter((entry): entry is typeof entry & { readonly pem: string } => entry.pem !== undefined);
  return (
    <div class="stack">
      <ul class="files">
        {files.map(({ file, about, pem }) => (
          <li key={file}>
            <div class="grow">
              <code>{file}</code>
              <p class="small quiet">{about}</p>
            </div>
            <Button size="small" icon="download" onClick={() => saveFile(file, pem)}>
              {t('action.save')}
              <span class="hidden-visually"> {file}</span>
            </Button>
          </li>
        ))}
      </ul>
      {privatePem === undefined ? null : <Note tone="warn">{t('files.once')}</Note>}
    </div>
  );
}
