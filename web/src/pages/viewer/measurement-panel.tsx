/** The measurements beside the images: what they say, where they are, and the report that keeps them. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { currentSession, looksOnly, mayUpload } from '../../model/session.ts';
import { useStore } from '../../model/store.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { say } from '../../ui/toasts.tsx';
import { useSubmit } from '../../ui/use-submit.ts';
import { type Measurement, measurementsOf, removeMeasurement } from './engine/measurements.ts';
import { storeReport } from './engine/report-store.ts';
import type { Screen } from './engine/screen.ts';
import { isReportable } from './model/report.ts';
import { wordsOf } from './model/measured-words.ts';
import { v } from './texts.ts';
import { ViewerIcon } from './viewer-icons.tsx';

export function MeasurementPanel(props: {
  readonly screen: Screen;
  readonly onStored: () => void;
  readonly onClose: () => void;
}): JSX.Element {
  const { screen, onClose } = props;
  const measured = useStore(screen.measured);
  // Numbers of a measurement come with its next drawing, after the event that tells of it.
  const [list, setList] = useState<readonly Measurement[]>([]);
  useEffect(() => {
    setList(measurementsOf(screen));
    const timer = setTimeout(() => setList(measurementsOf(screen)), 150);
    return () => clearTimeout(timer);
  }, [measured]);
  const ending = useRef(new AbortController());
  useEffect(() => () => ending.current.abort(), []);
  const kept = list.filter(isReportable);
  const saving = useSubmit(async () => {
    const observer = currentSession()?.account.name ?? '';
    await storeReport(kept, { observer, description: v('savedBefore'), signal: ending.current.signal });
    say(v('saved'));
    props.onStored();
  });
  return (
    <aside class="v-panel" aria-label={v('panel')}>
      <header>
        <h2>{v('measurements')}</h2>
        <button type="button" class="v-button" aria-label={v('close')} title={v('close')} onClick={onClose}>
          <Icon name="close" size={20} />
        </button>
      </header>
      {list.length === 0 ? <p class="quiet">{v('noMeasurements')}</p> : null}
      <ol>
        {list.map((one) => (
          <Entry key={one.uid} screen={screen} measurement={one} />
        ))}
      </ol>
      {kept.length < list.length ? <p class="quiet">{v('notKept')}</p> : null}
      {kept.length > 0 && mayUpload() && !looksOnly() ? (
        <div class="v-panel-foot">
          {saving.problem === undefined ? null : (
            <p class="v-fault" role="alert">
              {v('saveFailed')} {saving.problem}
            </p>
          )}
          <Button look="primary" busy={saving.busy} onClick={() => void saving.run()}>
            {v('save')}
          </Button>
        </div>
      ) : null}
    </aside>
  );
}

function Entry({ screen, measurement }: { readonly screen: Screen; readonly measurement: Measurement }): JSX.Element {
  const { tool, facts, uid, imageId } = measurement;
  const show = (): void => {
    for (const pane of screen.panes.values()) {
      const index = pane.imageIds.indexOf(imageId);
      if (index >= 0) pane.goTo(index);
    }
  };
  const words = wordsOf(measurement);
  return (
    <li class="v-measured">
      <button type="button" class="v-measured-show" onClick={show} title={v('goTo')}>
        <ViewerIcon name={tool} size={18} />
        <span>
          <strong class="number">{words}</strong>
          <span class="quiet">
            {v(tool)} · {v('onImage', { number: facts.instanceNumber })}
          </span>
        </span>
      </button>
      <button
        type="button"
        class="v-button"
        aria-label={`${v('remove')}: ${words}`}
        title={v('remove')}
        onClick={() => removeMeasurement(screen, uid)}
      >
        <Icon name="close" size={16} />
      </button>
    </li>
  );
}
