/**
 * Places in packages that would break a promise of the console, changed as it is built: no inline style, nothing kept in the
 * browser, no worker. Each must be found exactly as often as it is expected, so that a new version of a package cannot bring one back unseen.
 */

import { join } from 'node:path';

interface Edit {
  /** The end of the module's path. */
  readonly module: string;
  readonly from: string;
  readonly to: string;
  readonly times: number;
}

const core = '@cornerstonejs/core/dist/esm/';
const tools = '@cornerstonejs/tools/dist/esm/';

const edits: readonly Edit[] = [
  {
    // An attribute is inline style, which the policy refuses; the property is not.
    module: `${tools}drawingSvg/drawTextBox.js`,
    from: "textElement.setAttribute('style', combinedStyle);",
    to: 'textElement.style.cssText = combinedStyle;',
    times: 1,
  },
  {
    // What the graphics card can do is found out anew: nothing of the viewer stays in the browser.
    module: `${core}utilities/renderingCapabilities.js`,
    from: 'window.localStorage?.',
    to: 'undefined?.',
    times: 3,
  },
  {
    module: `${core}RenderingEngine/helpers/stats/StatsOverlay.js`,
    from: 'window.localStorage.',
    to: 'undefined?.',
    times: 2,
  },
  {
    // Only segmentation tools compute in it, and there are none; a worker would need more of the policy.
    module: `${tools}utilities/registerComputeWorker.js`,
    from: "return new Worker(new URL('../workers/computeWorker.js', import.meta.url), {\n            name: 'compute',\n            type: 'module',\n        });",
    to: "throw new Error('There are no workers here');",
    times: 1,
  },
];

/** Modules that the viewer has no use for: readers of DICOM files, a writer of XML, and a second way to draw. */
const standIns: readonly { readonly source: RegExp; readonly to: string }[] = [
  { source: /^@cornerstonejs\/metadata$/, to: join(import.meta.dirname, 'metadata-stand-in.js') },
  { source: /^dcmjs$/, to: join(import.meta.dirname, 'dcmjs-stand-in.js') },
  { source: /\/WebGPU\/Profiles\/\w+\.js$/, to: join(import.meta.dirname, 'nothing.js') },
  { source: /^xmlbuilder2$/, to: join(import.meta.dirname, 'xmlbuilder2-stand-in.js') },
];

interface Plugin {
  readonly name: string;
  readonly enforce: 'pre';
  resolveId(source: string): string | undefined;
  transform(code: string, id: string): string | undefined;
}

/** A plug-in of vite. */
export function packageEdits(): Plugin {
  return {
    name: 'leadglass-package-edits',
    enforce: 'pre',
    resolveId: (source) => standIns.find((standIn) => standIn.source.test(source))?.to,
    transform(code, id) {
      const own = edits.filter(({ module }) => id.split('?')[0]?.endsWith(module));
      return own.length === 0 ? undefined : own.reduce(edited, code);
    },
  };
}

/** @throws Error where the package is no longer as the edit expects it */
export function edited(code: string, { module, from, to, times }: Edit): string {
  const parts = code.split(from);
  if (parts.length - 1 !== times) {
    throw new Error(`${module}: found ${parts.length - 1} times what is edited, expected ${times}`);
  }
  return parts.join(to);
}
