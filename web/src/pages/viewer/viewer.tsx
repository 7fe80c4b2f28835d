/**
 * The viewer of one study: its series beside one to four views, tools above them, measurements at the side. It has the window to
 * itself and stays dark in either theme, as rooms are in which images are read. What is drawn is engine/'s.
 */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { seriesOf, studyOf } from '../../api/dicomweb.ts';
import { personName } from '../../model/dicom-json.ts';
import { pathOf } from '../../model/route.ts';
import { session } from '../../model/session.ts';
import { EmergencyBanner } from '../../ui/emergency-banner.tsx';
import { Failed } from '../../ui/parts.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { useStore } from '../../model/store.ts';
import type { Pane } from './engine/pane.ts';
import { Screen } from './engine/screen.ts';
import { HelpSheet } from './help-sheet.tsx';
import { KeyboardCross } from './keyboard-cross.tsx';
import { MeasurementPanel } from './measurement-panel.tsx';
import type { Command } from './model/keys.ts';
import { presetsFor } from './model/presets.ts';
import { ViewPlace } from './view-place.tsx';
import { entryOf, type SeriesEntry } from './series-list.ts';
import { SeriesStrip } from './series-strip.tsx';
import { watchSession } from './session-watch.ts';
import { v } from './texts.ts';
import { Toolbar } from './toolbar.tsx';
import { useCine } from './use-cine.ts';
import { useViews } from './use-views.ts';
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet has nothing to give
import './viewer.css';

export function Viewer({ studyInstanceUid }: { readonly studyInstanceUid: string }): JSX.Element {
  // One for the life of this component: its end clears every pixel.
  const screen = useMemo(() => new Screen(), []);
  useEffect(() => () => screen.close(), []);
  useEffect(() => watchSession(screen.frames), []);
  const study = useLoad(() => studyOf(studyInstanceUid), [studyInstanceUid]);
  const series = useLoad(async () => (await seriesOf(studyInstanceUid)).map(entryOf), [studyInstanceUid]);
  useEffect(() => {
    document.title = `${v('title')} · Leadglass`;
  }, []);
  const who = useStore(session);
  return (
    <div class="viewer-room">
      <div class="v-notice">
        <EmergencyBanner emergency={who.kind === 'signed-in' ? who.session.emergency : undefined} />
      </div>
      {series.value === undefined ? (
        <main class="v-middle" aria-busy={series.error === undefined ? 'true' : 'false'}>
          <h1 class="hidden-visually">{v('title')}</h1>
          {series.error === undefined ? (
            <p role="status">{v('opening')}</p>
          ) : (
            <Failed error={series.error} again={series.reload} />
          )}
        </main>
      ) : (
        <Room
          screen={screen}
          studyUid={studyInstanceUid}
          study={study.value}
          entries={series.value}
          reload={series.reload}
        />
      )}
    </div>
  );
}

interface RoomProps {
  readonly screen: Screen;
  readonly studyUid: string;
  readonly study: Awaited<ReturnType<typeof studyOf>>;
  readonly entries: readonly SeriesEntry[];
  readonly reload: () => void;
}

function Room({ screen, studyUid, study, entries, reload }: RoomProps): JSX.Element {
  const name = study === undefined ? '' : personName(study, 'PatientName');
  const images = entries.filter(({ kind }) => kind === 'images');
  const views = useViews(screen, studyUid, images);
  const [isHelp, setHelp] = useState(false);
  const [isPanel, setPanel] = useState(false);
  const [placing, setPlacing] = useState<Pane>();
  const cine = useCine();
  const tool = useStore(screen.tool);
  const { layout, active, places } = views;
  const pane = screen.panes.get(`view-${active}`);
  useEffect(() => screen.active.set(pane), [pane]);

  const run = (target: Pane, command: Command): void => {
    switch (command.do) {
      case 'step':
        target.step(command.by);
        break;
      case 'end':
        target.goTo(command.to === 'first' ? 0 : target.state.get().frames.length - 1);
        break;
      case 'tool':
        screen.choose(command.tool);
        break;
      case 'preset': {
        const preset = presetsFor(target.facts)[command.number - 1];
        if (preset !== undefined) target.setPreset(preset);
        break;
      }
      case 'series':
        views.nextSeries(command.by);
        break;
      case 'pan':
        target.pan(command.right, command.down);
        break;
      case 'zoom':
        target.zoom(command.factor);
        break;
      case 'rotate':
        target.rotate(command.by);
        break;
      case 'flip':
        target.flip(command.way);
        break;
      case 'invert':
        target.invert();
        break;
      case 'reset':
        target.reset();
        break;
      case 'play':
        cine.toggle(target);
        break;
      case 'layout':
        views.nextLayout();
        break;
      case 'pane':
        views.nextPane();
        break;
      case 'link':
        screen.isLinked.set(!screen.isLinked.get());
        break;
      case 'help':
        setHelp(true);
        break;
      case 'place':
        if (screen.isMeasuring) setPlacing(target);
        break;
      case 'removeLast':
        screen.removeLast(target);
        break;
    }
  };

  return (
    <>
      <Toolbar
        back={pathOf('studies', studyUid)}
        screen={screen}
        pane={pane}
        tool={tool}
        views={views}
        cine={cine}
        isPanel={isPanel}
        onPanel={() => setPanel(!isPanel)}
        onHelp={() => setHelp(true)}
        onCommand={(command) => pane !== undefined && run(pane, command)}
      />
      <SeriesStrip screen={screen} studyUid={studyUid} entries={entries} views={views} />
      <main class="v-grid" data-columns={layout.columns} data-rows={layout.rows}>
        <h1 class="hidden-visually">{[v('title'), name].filter(Boolean).join(': ')}</h1>
        {places.map((place, index) => (
          <ViewPlace
            key={place.id}
            screen={screen}
            place={place}
            number={index + 1}
            isActive={index === active}
            study={study}
            onActive={() => views.activate(index)}
            onCommand={run}
            views={views}
          />
        ))}
        {placing === undefined || !screen.isMeasuring ? null : (
          <KeyboardCross screen={screen} pane={placing} onEnd={() => setPlacing(undefined)} />
        )}
      </main>
      {isPanel ? <MeasurementPanel screen={screen} onStored={reload} onClose={() => setPanel(false)} /> : null}
      {isHelp ? <HelpSheet onClose={() => setHelp(false)} /> : null}
    </>
  );
}
