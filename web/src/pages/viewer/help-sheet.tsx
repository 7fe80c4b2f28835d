/** All keys and gestures on one sheet. */
import type { JSX } from 'preact';
import { Dialog } from '../../ui/dialog.tsx';
import { v } from './texts.ts';
import type { ViewerText } from './texts-table.ts';

const keys: readonly (readonly [readonly string[], ViewerText])[] = [
  [['↑', '↓', '←', '→'], 'keysMove'],
  [['Page ↑', 'Page ↓'], 'keysTen'],
  [['Home', 'End'], 'keysEnds'],
  [['N', 'B'], 'keysSeries'],
  [['P'], 'keysPane'],
  [['S', 'W', 'Z', 'M'], 'keysTool'],
  [['L', 'A', 'E', 'R', 'D'], 'keysMeasure'],
  [['Enter'], 'keysPlace'],
  [['1', '…', '9'], 'keysWindow'],
  [['I', '.', ',', 'H', 'V'], 'keysLook'],
  [['+', '-'], 'keysZoom'],
  [['Shift', '↑ ↓ ← →'], 'keysPan'],
  [['Space'], 'keysPlay'],
  [['G'], 'keysLayout'],
  [['T'], 'keysLink'],
  [['0'], 'keysReset'],
  [['Del'], 'keysDelete'],
  [['?'], 'keysHelp'],
];

export function HelpSheet({ onClose }: { readonly onClose: () => void }): JSX.Element {
  return (
    <Dialog title={v('help')} onClose={onClose} wide>
      <p class="quiet">{v('keysNote')}</p>
      <dl class="v-keys">
        {keys.map(([names, text]) => (
          <div key={text}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{v(text)}</dd>
          </div>
        ))}
      </dl>
      <div class="stack">
        <p>
          <strong>{v('mouseTitle')}</strong> {v('mouseText')}
        </p>
        <p>
          <strong>{v('touchTitle')}</strong> {v('touchText')}
        </p>
      </div>
    </Dialog>
  );
}
