/** One view as a person sees it: the picture, what stands in its corners, its slider, and why it cannot be shown. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { number } from '../../i18n/format.ts';
import { isoDate, personName, text } from '../../model/dicom-json.ts';
import type { DataSetJson } from '../../model/dicom-json.ts';
import { useStore } from '../../model/store.ts';
import { errorWords } from '../../ui/errors.ts';
import type { Pane, PaneState } from './engine/pane.ts';
import type { Screen } from './engine/screen.ts';
import { scrolling } from './engine/scrolling.ts';
import { type Command, commandOf } from './model/keys.ts';
import { CrossLines } from './cross-lines.tsx';
import { SegmentLayer } from './segment-layer.tsx';
import type { SeriesEntry } from './series-list.ts';
import { v } from './texts.ts';

export interface PaneViewProps {
  readonly screen: Screen;
  readonly id: string;
  readonly number: number;
  readonly isActive: boolean;
  readonly study: DataSetJson | undefined;
  readonly entry: SeriesEntry | undefined;
  /** Instead of the series' own words: the name of a plane. */
  readonly caption?: string;
  readonly isLoading: boolean;
  readonly failed: unknown;
  readonly onReady: (pane: Pane) => void;
  readonly onGone: (id: string) => void;
  readonly onActive: () => void;
  readonly onCommand: (pane: Pane, command: Command) => void;
  readonly onAgain: () => void;
}

export function PaneView(props: PaneViewProps): JSX.Element {
  const { screen, id } = props;
  const element = useRef<HTMLDivElement>(null);
  const [pane, setPane] = useState<Pane>();
  useEffect(() => {
    if (element.current === null) return;
    const made = screen.enable(id, element.current);
    const stop = scrolling(made, screen.tool);
    setPane(made);
    props.onReady(made);
    return () => {
      stop();
      screen.disable(id);
      props.onGone(id);
    };
  }, []);
  return (
    <section class={`v-pane${props.isActive ? ' active' : ''}`} aria-label={v('view') + ` ${props.number}`}>
      <PaneSurface {...props} pane={pane} element={element} />
      {pane === undefined ? null : <PaneFront {...props} pane={pane} />}
    </section>
  );
}

/** What Cornerstone draws into: nothing of ours is ever inside it. */
function PaneSurface(
  props: PaneViewProps & { readonly pane: Pane | undefined; readonly element: preactRef },
): JSX.Element {
  const { pane, element } = props;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- an application of its own: arrows and letters work in it
    <div
      ref={element}
      class="v-surface"
      tabIndex={0}
      role="application"
      aria-label={labelOf(props, pane?.state.get())}
      onPointerDown={props.onActive}
      onFocus={props.onActive}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        const command = commandOf(event);
        if (command === undefined || pane === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        props.onCommand(pane, command);
      }}
    />
  );
}
type preactRef = { current: HTMLDivElement | null };

function labelOf({ number: place, entry, caption }: PaneViewProps, state: PaneState | undefined): string {
  if (entry === undefined || state === undefined) return v('paneEmpty', { number: place });
  const words =
    caption ?? ([entry.modality, entry.description].filter(Boolean).join(' ') || v('series', { number: entry.number }));
  return v('pane', { number: place, text: words, index: state.index + 1, count: state.frames.length });
}

function PaneFront(props: PaneViewProps & { readonly pane: Pane }): JSX.Element {
  const { pane, entry, isLoading, failed } = props;
  const state = useStore(pane.state);
  useEffect(() => {
    pane.element.setAttribute('aria-label', labelOf(props, state));
  });
  const { frames, index, error } = state;
  if (failed !== undefined) {
    return <Trouble title={v('seriesFailed')} error={failed} onAgain={props.onAgain} />;
  }
  if (entry === undefined) return <p class="v-trouble quiet">{v('choose')}</p>;
  if (isLoading || frames.length === 0) {
    return (
      <p class="v-trouble" role="status">
        <span class="spin" aria-hidden="true" /> {v('loadingSeries')}
      </p>
    );
  }
  return (
    <>
      {error === undefined ? <Marks state={state} /> : <Trouble title={v('imageFailed')} error={error} />}
      <SegmentLayer screen={props.screen} pane={pane} />
      <CrossLines screen={props.screen} pane={pane} />
      <Corners {...props} state={state} />
      {frames.length > 1 ? (
        <input
          class="v-slider"
          type="range"
          min={1}
          max={frames.length}
          value={index + 1}
          aria-label={v('slider')}
          aria-valuetext={v('sliderText', { index: index + 1, count: frames.length })}
          onInput={(event) => pane.goTo(Number(event.currentTarget.value) - 1)}
        />
      ) : null}
    </>
  );
}

function Trouble(props: {
  readonly title: string;
  readonly error: unknown;
  readonly onAgain?: () => void;
}): JSX.Element {
  return (
    <div class="v-trouble" role="alert">
      <strong>{props.title}</strong>
      <span>{errorWords(props.error)}</span>
      {props.onAgain === undefined ? null : (
        <button type="button" class="v-button text" onClick={props.onAgain}>
          {v('again')}
        </button>
      )}
    </div>
  );
}

function Corners({ study, entry, caption, state }: PaneViewProps & { readonly state: PaneState }): JSX.Element {
  const { frames, index, window, zoom } = state;
  const facts = frames[index];
  const born = study === undefined ? '' : isoDate(text(study, 'PatientBirthDate'));
  const day = study === undefined ? '' : isoDate(text(study, 'StudyDate'), text(study, 'StudyTime')).replace('T', ' ');
  return (
    <>
      <div class="v-corner" data-at="top-left">
        {study === undefined ? null : (
          <>
            <strong>{personName(study, 'PatientName')}</strong>
            <span>{text(study, 'PatientID')}</span>
            <span>{[born, text(study, 'PatientSex')].filter(Boolean).join(' · ')}</span>
          </>
        )}
      </div>
      <div class="v-corner" data-at="top-right">
        <span>{study === undefined ? '' : text(study, 'StudyDescription')}</span>
        <span>{day}</span>
        <span>{caption ?? entry?.description}</span>
        <span>
          {[entry?.modality, entry?.number === '' ? '' : v('series', { number: entry?.number ?? '' })]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </div>
      <div class="v-corner number" data-at="bottom-left">
        <span>{v('image', { index: index + 1, count: frames.length })}</span>
        {window === undefined || facts?.kind === 'picture' ? null : (
          <span>{v('windowShort', { center: Math.round(window.center), width: Math.round(window.width) })}</span>
        )}
        <span>
          {new Intl.NumberFormat(undefined, { style: 'percent' }).format(zoom)}
          {facts?.sliceThickness === undefined ? '' : ` · ${v('thickness', { mm: number(facts.sliceThickness) })}`}
        </span>
      </div>
      <div class="v-corner" data-at="bottom-right">
        {facts !== undefined && facts.spacing === undefined ? <span>{v('noSpacing')}</span> : null}
        {facts?.spacing?.at === 'detector' ? <span>{v('atDetector')}</span> : null}
        <strong class="v-warning">{v('notForDiagnosis')}</strong>
      </div>
    </>
  );
}

/** Letters at the edges, and a scale of a round length. */
function Marks({ state: { letters, mmPerPixel, busy } }: { readonly state: PaneState }): JSX.Element {
  const scale = mmPerPixel === undefined || mmPerPixel <= 0 ? undefined : scaleOf(mmPerPixel);
  return (
    <div class="v-marks" aria-hidden="true">
      {letters === undefined ? null : (
        <>
          <span class="v-letter" data-side="left">
            {letters.left}
          </span>
          <span class="v-letter" data-side="right">
            {letters.right}
          </span>
          <span class="v-letter" data-side="top">
            {letters.top}
          </span>
          <span class="v-letter" data-side="bottom">
            {letters.bottom}
          </span>
        </>
      )}
      {scale === undefined ? null : (
        <span class="v-scale" style={{ height: `${scale.pixels}px` }}>
          <span>{scale.text}</span>
        </span>
      )}
      {busy ? <span class="spin v-busy" /> : null}
    </div>
  );
}

/** The longest of 1, 2, 5 times a power of ten that is no longer than 120 pixels. */
export function scaleOf(mmPerPixel: number): { readonly pixels: number; readonly text: string } {
  const most = mmPerPixel * 120;
  const power = 10 ** Math.floor(Math.log10(most));
  const mm = ([5, 2, 1].find((times) => times * power <= most) ?? 1) * power;
  return { pixels: mm / mmPerPixel, text: mm >= 10 ? `${number(mm / 10)} cm` : `${number(mm)} mm` };
}
