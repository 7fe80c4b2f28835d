/** The tools above the images. Every one of them has a key, too. */
import type { ComponentChildren, JSX } from 'preact';
import { t } from '../../i18n/i18n.ts';
import { useStore } from '../../model/store.ts';
import { Icon } from '../../ui/icons.tsx';
import type { Pane } from './engine/pane.ts';
import type { Screen } from './engine/screen.ts';
import type { Tool } from './model/tools.ts';
import { MprButton } from './mpr-button.tsx';
import type { Command } from './model/keys.ts';
import { chosenPreset, type Preset, presetsFor } from './model/presets.ts';
import { v } from './texts.ts';
import { type Cine, rateMax } from './use-cine.ts';
import { type Layout, layouts, type Views } from './use-views.ts';
import { IconButton } from './viewer-icons.tsx';

const viewTools = [
  ['scroll', 'S'],
  ['window', 'W'],
  ['zoom', 'Z'],
  ['pan', 'M'],
] as const satisfies readonly (readonly [Tool, string])[];
const measureButtons = [
  ['length', 'L'],
  ['angle', 'A'],
  ['ellipse', 'E'],
  ['rectangle', 'R'],
  ['probe', 'D'],
] as const satisfies readonly (readonly [Tool, string])[];

export interface ToolbarProps {
  readonly back: string;
  readonly screen: Screen;
  readonly pane: Pane | undefined;
  readonly tool: Tool;
  readonly views: Views;
  readonly cine: Cine;
  readonly isPanel: boolean;
  readonly onPanel: () => void;
  readonly onHelp: () => void;
  readonly onCommand: (command: Command) => void;
}

export function Toolbar(props: ToolbarProps): JSX.Element {
  const { screen, pane, tool, views, cine, onCommand } = props;
  const isLinked = useStore(screen.isLinked);
  const measured = useStore(screen.measured);
  return (
    <section class="v-bar" aria-label={v('tools')}>
      <a class="v-button" href={props.back} aria-label={v('back')} title={v('back')}>
        <Icon name="left" size={20} />
      </a>
      <div class="v-tools">
        <Group label={v('mainButton')}>
          {[...viewTools, ...measureButtons].map(([one, key]) => (
            <IconButton
              key={one}
              icon={one}
              label={v(one)}
              hint={key}
              pressed={tool === one}
              onClick={() => screen.choose(one)}
            />
          ))}
        </Group>
        <Group label={v('view')}>
          {pane === undefined ? null : <PresetChoice pane={pane} />}
          <IconButton icon="invert" label={v('invert')} hint="I" onClick={() => onCommand({ do: 'invert' })} />
          <IconButton icon="rotate" label={v('rotate')} hint="." onClick={() => onCommand({ do: 'rotate', by: 90 })} />
          <IconButton
            icon="flipH"
            label={v('flipH')}
            hint="H"
            onClick={() => onCommand({ do: 'flip', way: 'horizontal' })}
          />
          <IconButton
            icon="flipV"
            label={v('flipV')}
            hint="V"
            onClick={() => onCommand({ do: 'flip', way: 'vertical' })}
          />
          <IconButton icon="reset" label={v('reset')} hint="0" onClick={() => onCommand({ do: 'reset' })} />
        </Group>
        {pane === undefined ? null : <CineControls pane={pane} cine={cine} />}
        <Group label={v('layout')}>
          {layouts.map((layout) => (
            <LayoutButton key={`${layout.columns}${layout.rows}`} layout={layout} views={views} />
          ))}
          <IconButton
            icon="link"
            label={v('link')}
            hint="T"
            pressed={isLinked}
            onClick={() => onCommand({ do: 'link' })}
          />
          <MprButton screen={screen} views={views} />
        </Group>
      </div>
      <div class="v-group">
        <IconButton
          icon="list"
          label={v('measurementCount', { count: screen.measurementCount })}
          pressed={props.isPanel}
          {...(measured >= 0 && screen.measurementCount > 0 ? { text: String(screen.measurementCount) } : {})}
          onClick={props.onPanel}
        />
        <IconButton icon="help" label={v('help')} hint="?" onClick={props.onHelp} />
      </div>
    </section>
  );
}

function Group({ label, children }: { readonly label: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div class="v-group" role="group" aria-label={label}>
      {children}
    </div>
  );
}

function LayoutButton({ layout, views }: { readonly layout: Layout; readonly views: Views }): JSX.Element {
  const { columns, rows } = layout;
  return (
    <IconButton
      icon={`l${columns}${rows}`}
      label={`${v('layout')}: ${v('layoutOf', { columns, rows })}`}
      pressed={views.layout.columns === columns && views.layout.rows === rows}
      onClick={() => {
        if (views.isMade) views.showMade(undefined);
        views.setLayout(layout);
      }}
    />
  );
}

function PresetChoice({ pane }: { readonly pane: Pane }): JSX.Element {
  const { frames, index, window } = useStore(pane.state);
  const presets = presetsFor(frames[index]);
  const chosen = chosenPreset(presets, window);
  return (
    <select
      class="v-select"
      aria-label={v('presets')}
      title={`${v('presets')} (1–9)`}
      disabled={presets.length === 0}
      value={String(chosen)}
      onChange={(event) => {
        const preset = presets[Number(event.currentTarget.value)];
        if (preset !== undefined) pane.setPreset(preset);
      }}
    >
      {chosen < 0 ? <option value="-1">{presets.length === 0 ? v('window') : v('presetOwn')}</option> : null}
      {presets.map((preset, place) => (
        <option key={place} value={String(place)}>
          {nameOf(preset)}
        </option>
      ))}
    </select>
  );
}

function nameOf({ kind, name, number }: Preset): string {
  if (kind === 'usual' && name !== undefined) return t(`window.${name}`);
  if (kind === 'full') return v('presetFull');
  return number === 1 ? v('presetStored') : v('presetStoredMore', { number });
}

function CineControls({ pane, cine }: { readonly pane: Pane; readonly cine: Cine }): JSX.Element {
  const { frames } = useStore(pane.state);
  const isPlaying = cine.playing === pane;
  return (
    <Group label={v('play')}>
      <IconButton
        icon={isPlaying ? 'stop' : 'play'}
        label={isPlaying ? v('stop') : v('play')}
        hint="␣"
        disabled={frames.length < 2}
        onClick={() => cine.toggle(pane)}
      />
      <input
        class="v-rate"
        type="number"
        min={1}
        max={rateMax}
        value={cine.rate}
        aria-label={v('rate')}
        title={v('rate')}
        onChange={(event) => cine.setRate(Number(event.currentTarget.value) || 1)}
      />
    </Group>
  );
}
