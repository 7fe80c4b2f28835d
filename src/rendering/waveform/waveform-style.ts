/** The one style sheet of drawn waveforms; the policy names it by its SHA-256, so that it must be sent as it stands here. */
export const waveformStyle = `
svg { color-scheme: light dark; --ink: #111; --faint: #555; --paper: #fff; --fine: #f7d9d9; --coarse: #eba9a9; --mark: #0a4f9e;
  --axis: #c9d1d9; }
@media (prefers-color-scheme: dark) {
  svg { --ink: #f2f2f2; --faint: #a8b0b8; --paper: #0f1419; --fine: #2d1c20; --coarse: #54303a; --mark: #7db8ff;
    --axis: #3a434d; }
}
@media print { svg { --ink: #000; --faint: #444; --paper: #fff; --fine: #f7d9d9; --coarse: #eba9a9; --mark: #000;
  --axis: #bbb; } }
.paper { fill: var(--paper); }
.fine { fill: none; stroke: var(--fine); stroke-width: .1; }
.coarse { fill: none; stroke: var(--coarse); stroke-width: .15; }
.axis { fill: none; stroke: var(--axis); stroke-width: .15; }
.trace { fill: none; stroke: var(--ink); stroke-width: .25; stroke-linejoin: round; stroke-linecap: round; }
.mark { fill: none; stroke: var(--mark); stroke-width: .15; stroke-dasharray: 1 1; stroke-opacity: .7; }
text { font: 3px system-ui, sans-serif; fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: .7px; }
.title { font-size: 5px; font-weight: 600; }
.group { font-size: 3.6px; font-weight: 600; }
.label { font-weight: 600; }
.small { font-size: 2.4px; fill: var(--faint); }
.marked { font-size: 2.4px; fill: var(--mark); }
`;
