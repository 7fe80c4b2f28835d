/**
 * The pictures of a series as the server draws them: step through instances and frames, choose a window. A first look, one click
 * away; measuring and diagnosing are for a viewer that is made for it.
 */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { instancesOf, renderedFrame } from '../../api/dicomweb.ts';
import type { FramePlace, Window } from '../../model/places.ts';
import { t } from '../../i18n/i18n.ts';
import type { DataSetJson } from '../../model/dicom-json.ts';
import { framesOf, windowsFor } from '../../model/frames.ts';
import { Button } from '../../ui/button.tsx';
import { Segments } from '../../ui/fields.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Empty, Loaded } from '../../ui/parts.tsx';
import { useLoad } from '../../ui/use-load.ts';

interface ViewerProps {
  readonly study: string;
  readonly series: string;
  readonly modality: string;
}

export function SeriesViewer({ study, series, modality }: ViewerProps): JSX.Element {
  const instances = useLoad(() => instancesOf(study, series), [study, series]);
  return (
    <div class="viewer">
      <Loaded of={instances} height={520}>
        {(list) => <Stack study={study} series={series} modality={modality} instances={list} />}
      </Loaded>
    </div>
  );
}

function Stack(props: ViewerProps & { readonly instances: readonly DataSetJson[] }): JSX.Element {
  const { study, series, modality, instances } = props;
  const frames = useMemo(() => framesOf(instances), [instances]);
  const windows = windowsFor(modality);
  const [index, setIndex] = useState(0);
  const [windowName, setWindowName] = useState('default');
  const place = frames[Math.min(index, frames.length - 1)];
  if (place === undefined) return <Empty icon="studies" title={t('study.noPictures')} />;
  const window = windows.find(({ name }) => name === windowName)?.window;
  const step = (by: number): void => setIndex((before) => Math.max(0, Math.min(frames.length - 1, before + by)));
  const at = (frame: { readonly instance: string; readonly frame: number }): FramePlace => ({
    study,
    series,
    ...frame,
  });
  return (
    <>
      <div class="viewer-bar">
        {windows.length > 1 ? (
          <Segments
            label={t('viewer.window')}
            value={windowName}
            onValue={setWindowName}
            options={windows.map(({ name }) => ({ value: name, label: t(`window.${name}`) }))}
          />
        ) : (
          <span />
        )}
        <span class="small quiet number">
          {index + 1} / {frames.length}
        </span>
      </div>
      <Picture
        place={at(place)}
        window={window}
        next={frames[index + 1] && at(frames[index + 1] ?? place)}
        onStep={step}
        count={index + 1}
      />
      <div class="viewer-bar">
        <Button icon="left" look="plain" label={t('viewer.previous')} disabled={index === 0} onClick={() => step(-1)} />
        <input
          type="range"
          class="grow"
          min={1}
          max={frames.length}
          value={index + 1}
          aria-label={t('viewer.frame')}
          aria-valuetext={t('viewer.frameOf', { frame: index + 1, frames: frames.length })}
          disabled={frames.length === 1}
          onInput={(event) => setIndex(Number(event.currentTarget.value) - 1)}
        />
        <Button
          icon="right"
          look="plain"
          label={t('viewer.next')}
          disabled={index === frames.length - 1}
          onClick={() => step(1)}
        />
      </div>
      <p class="small quiet viewer-note">{t('viewer.notForDiagnosis')}</p>
    </>
  );
}

function Picture(props: {
  readonly place: FramePlace;
  readonly window: Window | undefined;
  readonly next: FramePlace | undefined;
  readonly count: number;
  readonly onStep: (by: number) => void;
}): JSX.Element {
  const src = renderedFrame(props.place, props.window);
  const [failed, setFailed] = useState<string | undefined>();
  const [shown, setShown] = useState<string | undefined>();
  const nextSrc = props.next === undefined ? undefined : renderedFrame(props.next, props.window);
  useEffect(() => {
    if (nextSrc === undefined || shown !== src) return;
    // The one behind it is there when somebody steps on.
    const ahead = new Image();
    ahead.src = nextSrc;
  }, [shown, nextSrc]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- arrows and the wheel step through it, as in every viewer
    <div
      class="picture"
      tabIndex={0}
      role="group"
      aria-label={t('viewer.picture')}
      aria-busy={shown === src || failed === src ? 'false' : 'true'}
      onKeyDown={(event) => {
        const by = { ArrowRight: 1, ArrowDown: 1, PageDown: 10, ArrowLeft: -1, ArrowUp: -1, PageUp: -10 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        props.onStep(by);
      }}
      onWheel={(event) => {
        event.preventDefault();
        props.onStep(Math.sign(event.deltaY));
      }}
    >
      {failed === src ? (
        <div class="picture-none">
          <Icon name="studies" size={32} />
          <p>{t('viewer.noPicture')}</p>
        </div>
      ) : (
        <img
          src={src}
          alt={t('viewer.alt', { number: props.count })}
          decoding="async"
          draggable={false}
          onLoad={() => setShown(src)}
          onError={() => setFailed(src)}
        />
      )}
    </div>
  );
}
