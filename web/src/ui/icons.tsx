/** The console's own icons: strokes on a grid of 24, drawn with the colour of the text. They say nothing that words do not say. */
import type { JSX } from 'preact';

const shapes = {
  home: 'M4 11 12 4l8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z',
  studies: 'M4 5h16v14H4zM4 9.5h16M9 9.5V19M14.5 13h2.5',
  devices: 'M3.5 5h17v11h-17zM8 20h8M12 16v4',
  openings: 'M12 3 20 12 12 21 4 12zM8 7.5 16 16.5M16 7.5 8 16.5',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.5 2.7-5.5 6-5.5s6 2 6 5.5M16 4.5a3.5 3.5 0 0 1 0 6M17.5 14.8c2.1.6 3.5 2.4 3.5 5.2',
  ledger: 'M6 3.5h11a1 1 0 0 1 1 1v16l-3-2-2.5 2-2.5-2-2.5 2-2.5-2V4.5a1 1 0 0 1 1-1zM9 8.5h6M9 12.5h6',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5',
  account: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.6-3.9 3.6-6 7.5-6s6.900 2.100 7.500 6',
  search: 'M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500 20 20',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M5 12.500 10 17.500 19 7',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
  warning: 'M12 4 21 19.500H3zM12 10v4.500M12 17v.200',
  danger: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 8v5M12 16v.200',
  info: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 11v5.500M12 7.800v.200',
  up: 'M12 19V6M6.500 11 12 5.500 17.500 11',
  down: 'M12 5v13M6.500 13 12 18.500 17.500 13',
  right: 'M9.500 6 15.500 12 9.500 18',
  left: 'M14.500 6 8.500 12 14.500 18',
  menu: 'M4 7h16M4 12h16M4 17h16',
  sun: 'M12 16.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400',
  moon: 'M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10z',
  system: 'M3.500 5h17v11h-17zM8 20h8M12 5v11',
  out: 'M14 4h5v16h-5M4 12h10M10.500 8 14.500 12l-4 4',
  key: 'M15.500 13a4.500 4.500 0 1 0-4.300-3.200L4 17v3h3l1.500-1.500V16.500h2L12.300 14.700M16.500 7.500v.200',
  eye: 'M2.500 12C5 7.500 8.300 5.500 12 5.500S19 7.500 21.500 12C19 16.500 15.700 18.500 12 18.500S5 16.500 2.500 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  download: 'M12 4v11M7 10.500l5 5 5-5M5 20h14',
  upload: 'M12 16V5M7 9.500l5-5 5 5M5 20h14',
  print: 'M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z',
  phone: 'M7.500 3h9v18h-9zM11 18h2',
  shield: 'M12 3.500 19 6v5.500c0 4.500-3 7.500-7 9-4-1.500-7-4.500-7-9V6zM8.500 12l2.500 2.500 4.500-5',
  clock: 'M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17zM12 7.500V12l3 2',
  emergency: 'M12 3.500 20.500 19.500h-17zM12 8.500v7M8.500 12h7',
  refresh: 'M19.500 12a7.500 7.500 0 1 1-2.200-5.300L20 9.400M20 4.500v5h-5',
  language:
    'M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17zM3.500 12h17M12 3.500c5 5 5 12 0 17M12 3.500c-5 5-5 12 0 17',
} as const;
export type IconName = keyof typeof shapes;

export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }): JSX.Element {
  return <StrokeIcon path={shapes[name]} size={size} />;
}

/** A drawing of strokes on a grid of 24, in the colour of the text; it says nothing to who listens. */
export function StrokeIcon({ path, size }: { readonly path: string; readonly size: number }): JSX.Element {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={path} />
    </svg>
  );
}

export function Logo({ size = 24 }: { readonly size?: number }): JSX.Element {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false" class="logo">
      <path d="M16 1 24 11 16 21 8 11Z" class="g1" />
      <path d="M8 11 16 21 8 31 0 21Z" class="g3" />
      <path d="M24 11 32 21 24 31 16 21Z" class="g4" />
      <path d="M16 21 24 31H8Z" class="g2" />
    </svg>
  );
}
