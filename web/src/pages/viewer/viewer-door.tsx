/** The way into the viewer: it is loaded when somebody opens it, and says so until it is there. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n/i18n.ts';
import { Failed } from '../../ui/parts.tsx';

type Viewer = (props: { readonly studyInstanceUid: string }) => JSX.Element;

export function ViewerDoor({ studyInstanceUid }: { readonly studyInstanceUid: string }): JSX.Element {
  const [viewer, setViewer] = useState<{ readonly is: Viewer }>();
  const [error, setError] = useState<unknown>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    setError(undefined);
    import('./viewer.tsx').then(({ Viewer: is }) => setViewer({ is }), setError);
  }, [turn]);
  if (viewer !== undefined) return <viewer.is studyInstanceUid={studyInstanceUid} />;
  return (
    <main class="viewer-door" aria-busy={error === undefined ? 'true' : 'false'}>
      <h1 class="hidden-visually">{t('study.viewer')}</h1>
      {error === undefined ? (
        <p role="status">
          <span class="spin" aria-hidden="true" /> {t('state.loading')}
        </p>
      ) : (
        <Failed error={error} again={() => setTurn(turn + 1)} />
      )}
    </main>
  );
}
