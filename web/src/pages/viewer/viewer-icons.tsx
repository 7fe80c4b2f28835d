/** The viewer's icons, drawn as the console's: strokes on a grid of 24. */
import type { JSX } from 'preact';
import { StrokeIcon } from '../../ui/icons.tsx';

const shapes = {
  scroll: 'M7 3.500h10v17H7zM4 7v10M20 7v10M10 9.500l2-2 2 2M10 14.500l2 2 2-2',
  window: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 4v16M15 7v10M18 9.500v5',
  zoom: 'M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500 20 20M7.500 10.500h6M10.500 7.500v6',
  pan: 'M12 3.500v17M3.500 12h17M9.500 6 12 3.500 14.500 6M9.500 18 12 20.500 14.500 18M6 9.500 3.500 12 6 14.500M18 9.500 20.500 12 18 14.500',
  length: 'M4 17 17 4l3 3L7 20zM8 13l1.500 1.500M11 10l1.500 1.500M14 7l1.500 1.500',
  angle: 'M19 5 5 18.500h15M11 18.500a7 7 0 0 0-1.800-4.300',
  ellipse: 'M12 18.500c5 0 8.500-2.900 8.500-6.500S17 5.500 12 5.500 3.500 8.400 3.500 12 7 18.500 12 18.500z',
  rectangle: 'M4 6h16v12H4z',
  probe: 'M12 4v5M12 15v5M4 12h5M15 12h5M12 12.100v-.200',
  invert: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 4v16M12 8h4.500M12 12h6M12 16h4.500',
  rotate: 'M19.500 12a7.500 7.500 0 1 1-2.200-5.300L20 9.400M20 4.500v5h-5',
  flipH: 'M12 3.500v17M9 7 4 17h5zM15 7l5 10h-5z',
  flipV: 'M3.500 12h17M7 9 17 4v5zM7 15l10 5v-5z',
  reset: 'M4.500 12a7.500 7.500 0 1 0 2.200-5.300L4 9.400M4 4.500v5h5',
  play: 'M8 5.500 18 12 8 18.500z',
  stop: 'M8 6v12M16 6v12',
  link: 'M10 14a4 4 0 0 0 6 .500l3-3a4 4 0 0 0-5.700-5.700L12 7M14 10a4 4 0 0 0-6-.500l-3 3a4 4 0 0 0 5.700 5.700L12 17',
  mpr: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM16.500 13.500v6M13.500 16.500h6',
  help: 'M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17zM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.700.300-1 .800-1 1.700M12 16.300v.200',
  list: 'M9 6h11M9 12h11M9 18h11M4.500 6v.100M4.500 12v.100M4.500 18v.100',
  l11: 'M4 5h16v14H4z',
  l21: 'M4 5h16v14H4zM12 5v14',
  l12: 'M4 5h16v14H4zM4 12h16',
  l22: 'M4 5h16v14H4zM12 5v14M4 12h16',
  segments:
    'M7.500 4.500c4-1.500 9 0 11 4s0 9-4 10.500-9.500.500-10.500-4 0-9 3.500-10.500zM9 9.500c1.500-1 4-.500 5 1.500s0 3.500-1.500 4-4 0-4.500-2 0-3 1-3.500z',
  document: 'M6 3.500h8l4 4v13H6zM14 3.500v4h4M9 12h6M9 15.500h6',
} as const;
export type ViewerIconName = keyof typeof shapes;

export function ViewerIcon({
  name,
  size = 20,
}: {
  readonly name: ViewerIconName;
  readonly size?: number;
}): JSX.Element {
  return <StrokeIcon path={shapes[name]} size={size} />;
}

/** A button of the tool bars: an icon, its name for whoever points at it or listens. */
export function IconButton(props: {
  readonly icon: ViewerIconName;
  readonly label: string;
  /** The key that does the same. */
  readonly hint?: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly text?: string;
  readonly onClick: () => void;
}): JSX.Element {
  const { icon, label, hint, pressed, disabled = false, text, onClick } = props;
  return (
    <button
      type="button"
      class="v-button"
      aria-label={label}
      title={hint === undefined ? label : `${label} (${hint})`}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <ViewerIcon name={icon} />
      {text === undefined ? null : <span aria-hidden="true">{text}</span>}
    </button>
  );
}
