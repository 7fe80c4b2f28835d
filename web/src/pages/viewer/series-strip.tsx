/** The study's series with their thumbnails; what is no image opens as the server renders it, in a tab of its own. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { thumbnailOf } from '../../api/dicomweb.ts';
import { useStore } from '../../model/store.ts';
import { say, sayProblem } from '../../ui/toasts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';
import { Thumbnail } from '../studies/studies-table.tsx';
import { showReport } from './engine/report-store.ts';
import type { Screen } from './engine/screen.ts';
import { SegmentOverlay } from './engine/segment-overlay.ts';
import type { SeriesEntry } from './series-list.ts';
import { v } from './texts.ts';
import type { Views } from './use-views.ts';
import { ViewerIcon } from './viewer-icons.tsx';

export function SeriesStrip(props: {
  readonly screen: Screen;
  readonly studyUid: string;
  readonly entries: readonly SeriesEntry[];
  readonly views: Views;
}): JSX.Element {
  const { screen, studyUid, entries, views } = props;
  const documents = entries.filter(({ kind }) => kind === 'report' || kind === 'document');
  return (
    <nav class="v-strip" aria-label={v('seriesList')}>
      {views.images.length === 0 ? <p class="quiet">{v('noImages')}</p> : null}
      <ul>
        {views.images.map((entry) => (
          <li key={entry.uid}>
            <ImageEntry studyUid={studyUid} entry={entry} views={views} />
          </li>
        ))}
        {entries
          .filter(({ kind }) => kind === 'segments')
          .map((entry) => (
            <li key={entry.uid}>
              <SegmentsEntry screen={screen} studyUid={studyUid} entry={entry} />
            </li>
          ))}
        {documents.map((entry) => (
          <li key={entry.uid}>
            <DocumentEntry screen={screen} studyUid={studyUid} entry={entry} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function ImageEntry(props: {
  readonly studyUid: string;
  readonly entry: SeriesEntry;
  readonly views: Views;
}): JSX.Element {
  const { studyUid, entry, views } = props;
  const isShown = views.places.some((place) => place.entry?.uid === entry.uid);
  const isActive = views.places[views.active]?.entry?.uid === entry.uid;
  const words = entry.description || v('series', { number: entry.number });
  return (
    <button
      type="button"
      class={`v-series${isShown ? ' shown' : ''}`}
      aria-pressed={isActive}
      title={v('showSeries')}
      onClick={() => views.show(entry.uid)}
    >
      <Thumbnail src={thumbnailOf(studyUid, entry.uid)} size={60} />
      <span>
        <strong>{words}</strong>
        <span class="quiet number">
          {entry.modality} · {entry.instances} <span class="hidden-visually">{v('imagesWord')}</span>
        </span>
      </span>
    </button>
  );
}

interface EntryProps {
  readonly screen: Screen;
  readonly studyUid: string;
  readonly entry: SeriesEntry;
}

/** Switched on and off over the images of all views. */
function SegmentsEntry({ screen, studyUid, entry }: EntryProps): JSX.Element {
  const overlays = useStore(screen.overlays);
  const isOn = overlays.some(({ series }) => series === entry.uid);
  const going = useSubmit(async () => {
    if (isOn) {
      screen.overlays.set(overlays.filter(({ series }) => series !== entry.uid));
      return;
    }
    const overlay = await SegmentOverlay.load(studyUid, entry.uid, screen.signal);
    screen.overlays.set([...screen.overlays.get(), overlay]);
  });
  useEffect(() => {
    if (going.problem !== undefined) sayProblem(`${v('segmentsFailed')} ${going.problem}`);
  }, [going.problem]);
  return (
    <button
      type="button"
      class={`v-series${isOn ? ' shown' : ''}`}
      aria-pressed={isOn}
      title={v('overlay')}
      onClick={() => void going.run()}
    >
      <span class="v-thumb-none">{going.busy ? <span class="spin" /> : <ViewerIcon name="segments" size={26} />}</span>
      <span>
        <strong>{entry.description || v('segments')}</strong>
        <span class="quiet">{entry.modality}</span>
      </span>
    </button>
  );
}

/** Opens as the server renders it; the measurements of a report are drawn on its images, too. */
function DocumentEntry({ screen, studyUid, entry }: EntryProps): JSX.Element {
  const going = useSubmit(async () => {
    const count = await showReport(screen, { study: studyUid, series: entry.uid, signal: screen.signal });
    if (count > 0) say(v('reportLoaded', { count }));
    else sayProblem(v('reportEmpty'));
  });
  useEffect(() => {
    if (going.problem !== undefined) sayProblem(going.problem);
  }, [going.problem]);
  return (
    <div class="v-document">
      <a
        class="v-series"
        href={`/dicom-web/studies/${studyUid}/series/${entry.uid}/rendered`}
        target="_blank"
        rel="noopener"
        title={v('openDocument')}
      >
        <span class="v-thumb-none">
          <ViewerIcon name="document" size={26} />
        </span>
        <span>
          <strong>{entry.description || entry.modality}</strong>
          <span class="quiet">{entry.modality}</span>
        </span>
      </a>
      {entry.kind === 'report' ? (
        <button type="button" class="v-button text small" disabled={going.busy} onClick={() => void going.run()}>
          {v('loadReport')}
        </button>
      ) : null}
    </div>
  );
}
