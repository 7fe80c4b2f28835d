/** Upload by drag and drop: files and whole folders, two at a time, each with its outcome. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { bytes, number } from '../../i18n/format.ts';
import { t, tn } from '../../i18n/i18n.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Note, PageHead } from '../../ui/parts.tsx';
import { droppedFiles } from './dropped-files.ts';
import { failureWords } from './failure-words.ts';
import { type UploadState, Uploads } from './uploads.ts';

export function UploadPage(): JSX.Element {
  const [state, setState] = useState<UploadState>({ files: [], doneBytes: 0, totalBytes: 0 });
  const [isOver, setOver] = useState(false);
  const uploads = useRef<Uploads | undefined>(undefined);
  uploads.current ??= new Uploads(setState);
  useEffect(() => () => uploads.current?.stop(), []);
  const add = (files: readonly File[]): void => uploads.current?.add(files);
  return (
    <>
      <PageHead
        title={t('upload.title')}
        intro={t('upload.intro')}
        crumbs={[{ href: '/studies', text: t('nav.studies') }]}
      />
      <div
        class={`drop ${isOver ? 'over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          if (event.dataTransfer !== null) void droppedFiles(event.dataTransfer).then(add);
        }}
      >
        <Icon name="upload" size={32} />
        <p>
          <strong>{t('upload.drop')}</strong>
        </p>
        <div class="row">
          <Picker label={t('upload.files')} onFiles={add} />
          <Picker label={t('upload.folder')} isFolder onFiles={add} />
        </div>
      </div>
      {state.files.length === 0 ? null : <Progress state={state} onStop={() => uploads.current?.stop()} />}
    </>
  );
}

function Picker(props: {
  readonly label: string;
  readonly isFolder?: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button onClick={() => input.current?.click()}>{props.label}</Button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        {...(props.isFolder === true ? { webkitdirectory: true } : {})}
        onChange={(event) => {
          props.onFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}

function Progress({ state, onStop }: { readonly state: UploadState; readonly onStop: () => void }): JSX.Element {
  const { files, doneBytes, totalBytes } = state;
  const stored = files.filter(({ status }) => status === 'stored').length;
  const failed = files.filter(({ status }) => status === 'refused' || status === 'not-dicom');
  const open = files.filter(({ status }) => status === 'waiting' || status === 'sending').length;
  return (
    <section class="stack" aria-label={t('upload.progress')}>
      <div class="card stack tight">
        <div class="row apart">
          <strong role="status">
            {open > 0
              ? t('upload.going', { done: number(files.length - open), all: number(files.length) })
              : tn('upload.stored', stored)}
          </strong>
          <span class="quiet small number">
            {bytes(doneBytes)} / {bytes(totalBytes)}
          </span>
        </div>
        <progress class="progress" max={Math.max(totalBytes, 1)} value={doneBytes} aria-label={t('upload.progress')} />
        <div class="row">
          {open > 0 ? (
            <Button size="small" onClick={onStop}>
              {t('upload.stop')}
            </Button>
          ) : (
            <ButtonLink href="/studies" size="small">
              {t('upload.toStudies')}
            </ButtonLink>
          )}
        </div>
      </div>
      {failed.length === 0 ? null : (
        <Note tone="warn">
          <strong>{tn('upload.failed', failed.length)}</strong>
          <ul class="failures">
            {failed.slice(0, 50).map(({ id, name, status, reason, words }) => (
              <li key={id}>
                <code>{name}</code>{' '}
                <span>{status === 'not-dicom' ? t('upload.notDicom') : failureWords(reason, words ?? '')}</span>
              </li>
            ))}
          </ul>
        </Note>
      )}
    </section>
  );
}
