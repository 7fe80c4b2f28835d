/**
 * The viewer's drawing engine: Cornerstone begun and ended, panes, the tool of the main button, measurements. Where the browser has
 * no WebGL it draws without. Closing it clears every pixel from memory.
 */
import {
  cache,
  Enums,
  eventTarget,
  getConfiguration,
  imageLoader,
  init as initCore,
  metaData,
  RenderingEngine,
  type Types,
} from '@cornerstonejs/core';
import {
  addTool,
  AngleTool,
  annotation,
  destroy as destroyTools,
  EllipticalROITool,
  Enums as ToolEnums,
  init as initTools,
  LengthTool,
  PanTool,
  ProbeTool,
  RectangleROITool,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
} from '@cornerstonejs/tools';
import { type Store, store } from '../../../model/store.ts';
import { flat, normalOf } from '../model/space.ts';
import { linkedIndex } from '../model/stack.ts';
import { isMeasureTool, type MeasureTool, measureTools, type Tool } from '../model/tools.ts';
import { angleLines, areaLines, lengthLines, type TextLines } from './annotation-words.ts';
import { FrameRegister, scheme } from './frame-register.ts';
import { pixelValue } from './pixel-value.ts';
import { Pane } from './pane.ts';
import type { SegmentOverlay } from './segment-overlay.ts';

const measureClasses = {
  length: LengthTool,
  angle: AngleTool,
  ellipse: EllipticalROITool,
  rectangle: RectangleROITool,
  probe: ProbeTool,
} as const;
const classes = { window: WindowLevelTool, zoom: ZoomTool, pan: PanTool, ...measureClasses } as const;
export const measureToolOf = (toolName: string): MeasureTool | undefined =>
  measureTools.find((tool) => measureClasses[tool].toolName === toolName);

/** What all open images may take; the oldest ones leave first. */
const cacheBytesMax = 384 * 1024 * 1024;
const groupId = 'leadglass';

const textLines: Readonly<Record<MeasureTool, TextLines>> = {
  length: lengthLines,
  angle: angleLines,
  ellipse: areaLines,
  rectangle: areaLines,
  // Read from the image itself: Cornerstone looks for it in a volume, which a stack is not.
  probe: ({ handles: { points } }, target) => {
    const [point] = points;
    const found = point === undefined ? undefined : open?.valueAt(target.replace(/^imageId:/, ''), point);
    return found === undefined ? undefined : [found];
  },
};

function configurationOf(name: string): object {
  const tool = measureTools.find((one) => one === name);
  return tool === undefined ? {} : { getTextLines: textLines[tool] };
}

let isBegun = false;

/** Once in the life of a page: what Cornerstone asks goes to the screen that is open. */
let open: Pick<Screen, 'frames' | 'valueAt'> | undefined;
function begin(): void {
  if (isBegun) return;
  isBegun = true;
  initCore({ ...getConfiguration(), rendering: { ...getConfiguration().rendering, webGlContextCount: 4 } });
  imageLoader.registerImageLoader(scheme, (imageId) => {
    if (open === undefined) return { promise: Promise.reject(new Error('The viewer is closed')) };
    return open.frames.load(imageId);
  });
  metaData.addProvider((type: string, query: unknown) =>
    typeof query === 'string' ? open?.frames.metadata(type, query) : undefined,
  );
}

export class Screen {
  readonly frames = new FrameRegister();
  readonly panes = new Map<string, Pane>();
  readonly tool: Store<Tool> = store<Tool>('window');
  readonly isLinked: Store<boolean> = store(false);
  /** Whom the tools are for. */
  readonly active: Store<Pane | undefined> = store<Pane | undefined>(undefined);
  /** What lies over the images of all views. */
  readonly overlays: Store<readonly SegmentOverlay[]> = store<readonly SegmentOverlay[]>([]);
  /** Rises with each change of a measurement. */
  readonly measured: Store<number> = store(0);
  readonly #engine: RenderingEngine;
  /** A view changes its size with the window, with the layout, and with what opens beside it. */
  readonly #sizes = new ResizeObserver(() => this.#resized());
  readonly #closing = new AbortController();

  constructor() {
    begin();
    // oxlint-disable-next-line typescript/no-this-alias -- it is the one that Cornerstone's global hooks speak to
    open = this;
    cache.setMaxCacheSize(cacheBytesMax);
    initTools();
    for (const one of Object.values(classes)) addTool(one);
    const group = ToolGroupManager.createToolGroup(groupId);
    for (const [name, { toolName }] of Object.entries(classes)) {
      group?.addTool(toolName, configurationOf(name));
    }
    this.#engine = new RenderingEngine(groupId);
    addEventListener('unhandledrejection', this.#knownFailure);
    for (const name of annotationEvents) eventTarget.addEventListener(name, this.#measuredSomething);
    // A finger has no wheel.
    this.choose(matchMedia('(pointer: coarse)').matches ? 'scroll' : 'window');
  }

  close(): void {
    this.#closing.abort();
    this.#sizes.disconnect();
    removeEventListener('unhandledrejection', this.#knownFailure);
    for (const name of annotationEvents) eventTarget.removeEventListener(name, this.#measuredSomething);
    this.frames.close();
    this.overlays.set([]);
    for (const pane of this.panes.values()) pane.close();
    this.panes.clear();
    this.#engine.destroy();
    annotation.state.removeAllAnnotations();
    ToolGroupManager.destroyToolGroup(groupId);
    destroyTools();
    cache.purgeCache();
    if (open === this) open = undefined;
  }

  enable(id: string, element: HTMLDivElement): Pane {
    this.#engine.enableElement({
      viewportId: id,
      element,
      type: Enums.ViewportType.STACK,
      defaultOptions: { background: [0, 0, 0] },
    });
    const viewport = this.#engine.getViewport<Types.IStackViewport>(id);
    const pane = new Pane(id, element, { viewport, register: this.frames });
    pane.onStep = (from, to) => this.#follow(pane, from, to);
    this.panes.set(id, pane);
    this.#sizes.observe(element);
    ToolGroupManager.getToolGroup(groupId)?.addViewport(id, groupId);
    return pane;
  }

  disable(id: string): void {
    const pane = this.panes.get(id);
    if (this.active.get() === pane) this.active.set(undefined);
    if (pane !== undefined) this.#sizes.unobserve(pane.element);
    pane?.close();
    this.panes.delete(id);
    ToolGroupManager.getToolGroup(groupId)?.removeViewports(groupId, id);
    this.#engine.disableElement(id);
  }

  /** After the size of panes changed: what was fitted is fitted again, what somebody moved or enlarged stays. */
  #resized(): void {
    if (this.panes.size === 0 || this.#closing.signal.aborted) return;
    const fitted = [...this.panes.values()].filter((pane) => pane.isFitted);
    this.#engine.resize(true, true);
    for (const pane of fitted) pane.fit();
  }

  /** Middle button or shift: move; right button or two fingers: zoom, whatever the main button does. */
  choose(tool: Tool): void {
    this.tool.set(tool);
    const group = ToolGroupManager.getToolGroup(groupId);
    if (group === undefined) return;
    const { MouseBindings } = ToolEnums;
    for (const [name, { toolName }] of Object.entries(classes)) {
      const bindings = [
        ...(name === tool ? [{ mouseButton: MouseBindings.Primary }] : []),
        ...(name === 'pan' ? [{ mouseButton: MouseBindings.Auxiliary }] : []),
        ...(name === 'zoom' ? [{ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 }] : []),
      ];
      group.setToolPassive(toolName, { removeAllBindings: true });
      if (bindings.length > 0) group.setToolActive(toolName, { bindings });
    }
  }

  /** Ends what is on its way when the viewer closes. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  get isMeasuring(): boolean {
    return isMeasureTool(this.tool.get());
  }

  get measurementCount(): number {
    return annotation.state.getAllAnnotations().length;
  }

  /** The newest one on the image that is shown. */
  removeLast(pane: Pane): void {
    const own = annotation.state
      .getAllAnnotations()
      .filter(({ metadata }) => metadata?.referencedImageId === pane.imageId)
      .at(-1);
    if (own?.annotationUID === undefined) return;
    annotation.state.removeAnnotation(own.annotationUID);
    pane.viewport.render();
  }

  /** The other panes go where this one went. */
  #follow(pane: Pane, from: number, to: number): void {
    if (!this.isLinked.get()) return;
    const facts = pane.state.get().frames[to];
    if (facts === undefined) return;
    for (const other of this.panes.values()) {
      if (other === pane) continue;
      const { frames, index } = other.state.get();
      other.goTo(linkedIndex(facts, frames, { current: index, step: to - from }), { isFollowing: true });
    }
  }

  /** Cornerstone's cache throws once more what is told in the view already. */
  readonly #knownFailure = (event: PromiseRejectionEvent): void => {
    if (this.frames.isFailure(event.reason)) event.preventDefault();
  };

  readonly #measuredSomething = (): void => this.measured.set(this.measured.get() + 1);

  /** What stands at a point of an image, with its unit. */
  valueAt(imageId: string, point: Types.Point3): string | undefined {
    const facts = this.frames.factsOf(imageId);
    const value = facts === undefined ? undefined : pixelValue(imageId, facts, point);
    return value === undefined
      ? undefined
      : `${Number(value.toFixed(2))} ${facts?.modality === 'CT' ? 'HU' : ''}`.trim();
  }

  #planeOf(imageId: string): { readonly viewPlaneNormal: Types.Point3; readonly viewUp: Types.Point3 } {
    const plane = this.frames.factsOf(imageId)?.plane ?? flat;
    const [x, y, z] = normalOf(plane);
    const [downX, downY, downZ] = plane.down;
    // Cornerstone looks along the normal from the other side, and up is against the rows.
    return { viewPlaneNormal: [-x, -y, -z], viewUp: [-downX, -downY, -downZ] };
  }

  /** Puts a measurement where its points are, as if it had been drawn. World coordinates, mm. */
  place(pane: Pane, tool: MeasureTool, points: readonly Types.Point3[], imageId: string): void {
    measureClasses[tool].hydrate(
      pane.id,
      points.map(([x, y, z]): Types.Point3 => [x, y, z]),
      {
        referencedImageId: imageId,
        // With them Cornerstone knows which pixels are inside.
        ...this.#planeOf(imageId),
      },
    );
    pane.viewport.render();
    this.#measuredSomething();
  }
}

const annotationEvents = [
  ToolEnums.Events.ANNOTATION_COMPLETED,
  ToolEnums.Events.ANNOTATION_MODIFIED,
  ToolEnums.Events.ANNOTATION_REMOVED,
] as const;
