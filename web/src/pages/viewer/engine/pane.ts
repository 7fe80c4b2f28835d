/**
 * One place of the screen that shows a stack of frames: which one, how it is windowed, turned and moved. What is drawn is
 * Cornerstone's; what can go wrong with one image stays with that image.
 */
import { cache, Enums, getShouldUseCPURendering, imageLoader, type Types, utilities } from '@cornerstonejs/core';
import type { Window } from '../../../model/places.ts';
import { type Store, store } from '../../../model/store.ts';
import type { ImageFacts, Triple } from '../model/image-facts.ts';
import { add, flat, lettersOf } from '../model/space.ts';
import type { Preset } from '../model/presets.ts';
import type { FrameRegister, MadeValues } from './frame-register.ts';

export interface PaneState {
  readonly frames: readonly ImageFacts[];
  readonly index: number;
  readonly busy: boolean;
  /** Why the frame of this index cannot be shown. */
  readonly error: unknown;
  readonly window: Window | undefined;
  /** 1: the whole image fits. */
  readonly zoom: number;
  readonly isInverted: boolean;
  readonly letters: Letters | undefined;
  /** Of one pixel of the page. */
  readonly mmPerPixel: number | undefined;
  /** Rises with each drawing. */
  readonly drawn: number;
}
export interface Letters {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

const nothing: PaneState = {
  frames: [],
  index: 0,
  busy: false,
  error: undefined,
  window: undefined,
  zoom: 1,
  isInverted: false,
  letters: undefined,
  mmPerPixel: undefined,
  drawn: 0,
};

/** Of the frames beside the shown one so many are fetched before somebody asks. */
const aheadBytesMax = 192 * 1024 * 1024;
const aheadAtOnce = 3;

export class Pane {
  readonly id: string;
  readonly element: HTMLDivElement;
  readonly state: Store<PaneState> = store(nothing);
  readonly viewport: Types.IStackViewport;
  readonly #register: FrameRegister;
  #ids: readonly string[] = [];
  #wanted = 0;
  #going: Promise<void> | undefined;
  #ahead = 0;
  /** Cornerstone's zoom at which the whole image fits: 1, or without WebGL whatever the sizes are. */
  #fitZoom = 1;
  #isClosed = false;
  /** Called after somebody stepped here: from one index to another. */
  onStep: ((from: number, to: number) => void) | undefined;

  constructor(
    id: string,
    element: HTMLDivElement,
    facts: { readonly viewport: Types.IStackViewport; readonly register: FrameRegister },
  ) {
    this.id = id;
    this.element = element;
    this.viewport = facts.viewport;
    this.#register = facts.register;
    if (getShouldUseCPURendering()) countFromMiddle(facts.viewport, () => this.facts);
    element.addEventListener(Enums.Events.IMAGE_RENDERED, this.#drawn);
    element.addEventListener(Enums.Events.CAMERA_MODIFIED, this.#drawn);
    element.addEventListener(Enums.Events.VOI_MODIFIED, this.#drawn);
  }

  close(): void {
    this.#isClosed = true;
    this.element.removeEventListener(Enums.Events.IMAGE_RENDERED, this.#drawn);
    this.element.removeEventListener(Enums.Events.CAMERA_MODIFIED, this.#drawn);
    this.element.removeEventListener(Enums.Events.VOI_MODIFIED, this.#drawn);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }
  get imageId(): string | undefined {
    return this.#ids[this.state.get().index];
  }
  get imageIds(): readonly string[] {
    return this.#ids;
  }
  get facts(): ImageFacts | undefined {
    const { frames, index } = this.state.get();
    return frames[index];
  }

  /** Where a point of the patient is in the view, pixels of the page. */
  canvasOf([x, y, z]: Triple): readonly [number, number] {
    return this.viewport.worldToCanvas([x, y, z]);
  }

  /** Shows a stack. Where the one before held the same frame, the view of it stays. */
  async show(frames: readonly ImageFacts[], index: number, made?: (index: number) => MadeValues): Promise<void> {
    const ids = frames.map((facts, at) => this.#register.add(facts, made?.(at)));
    await this.#going;
    if (this.#isClosed) return;
    this.#ids = ids;
    this.#wanted = Math.max(0, Math.min(frames.length - 1, index));
    this.#set({ ...nothing, frames, index: this.#wanted, busy: frames.length > 0 });
    if (ids.length === 0) return;
    this.#going = this.#begin(ids);
    await this.#going;
  }

  async #begin(ids: readonly string[]): Promise<void> {
    let error: unknown;
    try {
      await imageLoader.loadAndCacheImage(ids[this.#wanted] ?? '');
    } catch (cause) {
      error = cause;
    }
    if (this.#isClosed) return;
    // Also where the first one failed: the others are shown.
    await this.viewport.setStack([...ids], this.#wanted).catch((cause: unknown) => {
      error ??= cause;
    });
    if (this.#isClosed) return;
    this.#going = undefined;
    this.#set({ busy: false, error });
    this.#fitZoom = this.viewport.getZoom() || 1;
    if (error === undefined) this.viewport.render();
    void this.#fetchAhead();
  }

  /** By so many frames; the end is the end. */
  step(by: number): void {
    this.goTo(this.#wanted + by);
  }

  goTo(index: number, { isFollowing = false }: { readonly isFollowing?: boolean } = {}): void {
    const from = this.#wanted;
    const to = Math.max(0, Math.min(this.#ids.length - 1, index));
    if (to === from || this.#ids.length === 0) return;
    this.#wanted = to;
    this.#set({ index: to, busy: true });
    if (!isFollowing) this.onStep?.(from, to);
    this.#going ??= this.#go().finally(() => {
      this.#going = undefined;
    });
  }

  get isGoing(): boolean {
    return this.#going !== undefined;
  }

  /** Until what is shown is what is wanted; who turns the wheel fast passes over frames. */
  async #go(): Promise<void> {
    let shown = -1;
    while (shown !== this.#wanted && !this.#isClosed) {
      const next = this.#wanted;
      let error: unknown;
      try {
        // Before it is shown: with WebGL Cornerstone does not say that an image failed.
        await imageLoader.loadAndCacheImage(this.#ids[next] ?? '');
        if (!this.#isClosed) await this.#display(next);
      } catch (cause) {
        error = cause;
      }
      shown = next;
      if (shown === this.#wanted) this.#set({ busy: false, error, index: shown });
    }
    void this.#fetchAhead();
  }

  /** Without WebGL a new image takes its own window again; what somebody chose stays. */
  async #display(index: number): Promise<void> {
    const { voiRange, invert } = this.viewport.getProperties();
    const isChosen = voiRange !== undefined && !this.#isOwnWindow(voiRange);
    await this.viewport.setImageIdIndex(index);
    const now = this.viewport.getProperties();
    const isOther = voiRange?.lower !== now.voiRange?.lower || voiRange?.upper !== now.voiRange?.upper;
    const isLost = isChosen && isOther;
    if (!isLost && invert === now.invert) return;
    this.viewport.setProperties({
      ...(isLost ? { voiRange } : {}),
      ...(invert === undefined ? {} : { invert }),
    });
    this.viewport.render();
  }

  /** As the image that is shown says itself, within what a person can tell apart. */
  #isOwnWindow({ lower, upper }: Types.VOIRange): boolean {
    const image = this.viewport.getCornerstoneImage();
    const [center = Number.NaN] = [image?.windowCenter].flat();
    const [width = Number.NaN] = [image?.windowWidth].flat();
    const own = utilities.windowLevel.toLowHighRange(width, center);
    return !(Math.abs(own.lower - lower) > 1 || Math.abs(own.upper - upper) > 1);
  }

  /** The neighbours, nearest first, while nobody wants anything else. */
  async #fetchAhead(): Promise<void> {
    const mine = ++this.#ahead;
    const ids = this.#ids;
    const facts = this.facts;
    // A plane that is cut here is there as soon as it is wanted.
    if (facts === undefined || facts.isMade === true) return;
    const frameBytes = facts.rows * facts.columns * (facts.kind === 'picture' ? 3 : 2);
    const most = Math.min(ids.length, Math.floor(aheadBytesMax / Math.max(1, frameBytes)));
    const order = Array.from(
      { length: most },
      (_, at) => this.#wanted + (at % 2 === 0 ? 1 : -1) * (Math.floor(at / 2) + 1),
    );
    const waiting = order.flatMap((index) => ids[index] ?? []).filter((id) => !cache.isLoaded(id));
    const worker = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
        if (mine !== this.#ahead || this.#isClosed) return;
        // What fails is told when it is to be shown.
        await imageLoader.loadAndCacheImage(id).catch(() => undefined);
      }
    };
    await Promise.all(Array.from({ length: aheadAtOnce }, worker));
  }

  setWindow(window: Window): void {
    const { lower, upper } = utilities.windowLevel.toLowHighRange(window.width, window.center);
    this.viewport.setProperties({ voiRange: { lower, upper } });
    this.viewport.render();
  }

  setPreset({ window }: Preset): void {
    const image = this.viewport.getCornerstoneImage();
    if (window !== undefined) this.setWindow(window);
    else if (image !== undefined) {
      const { minPixelValue: min, maxPixelValue: max } = image;
      this.setWindow({ center: (min + max + 1) / 2, width: Math.max(1, max - min + 1) });
    }
  }

  invert(): void {
    this.viewport.setProperties({ invert: !(this.viewport.getProperties().invert ?? false) });
    this.viewport.render();
  }

  /** Clockwise, degrees. */
  rotate(by: number): void {
    const { rotation = 0 } = this.viewport.getViewPresentation();
    this.viewport.setViewPresentation({ rotation: (rotation + by + 360) % 360 });
    this.viewport.render();
  }

  flip(way: 'horizontal' | 'vertical'): void {
    const { flipHorizontal = false, flipVertical = false } = this.viewport.getCamera();
    this.viewport.setCamera(
      way === 'horizontal' ? { flipHorizontal: !flipHorizontal } : { flipVertical: !flipVertical },
    );
    this.viewport.render();
  }

  zoom(factor: number): void {
    const zoom = (this.viewport.getZoom() / this.#fitZoom) * factor;
    this.viewport.setZoom(Math.max(0.1, Math.min(40, zoom)) * this.#fitZoom);
    this.viewport.render();
  }

  pan(right: number, down: number): void {
    const [x, y] = this.viewport.getPan();
    this.viewport.setPan([x + right, y + down]);
    this.viewport.render();
  }

  /** Nobody enlarged or moved it. */
  get isFitted(): boolean {
    if (this.#ids.length === 0) return false;
    const [x, y] = this.viewport.getPan();
    return Math.abs(this.viewport.getZoom() / this.#fitZoom - 1) < 0.02 && Math.hypot(x, y) < 2;
  }

  /** The whole image in the middle, turned as it is. */
  fit(): void {
    this.viewport.resetCamera({ resetPan: true, resetZoom: true, resetToCenter: true });
    this.#fitZoom = this.viewport.getZoom() || 1;
    this.viewport.render();
  }

  reset(): void {
    this.viewport.setCamera({ flipHorizontal: false, flipVertical: false });
    this.viewport.setViewPresentation({ rotation: 0 });
    this.fit();
    this.viewport.resetProperties();
    this.viewport.render();
  }

  readonly #drawn = (): void => {
    if (this.#isClosed || this.#ids.length === 0) return;
    const { voiRange, invert = false } = this.viewport.getProperties();
    const { frames, drawn } = this.state.get();
    // For whoever looks from outside: which image is drawn.
    this.element.dataset['shown'] = String(this.viewport.getCurrentImageIdIndex() + 1);
    // Cornerstone has null before the first image, whatever its types say.
    const window = !voiRange ? undefined : utilities.windowLevel.toWindowLevel(voiRange.lower, voiRange.upper);
    this.#set({
      window: window === undefined ? undefined : { center: window.windowCenter, width: window.windowWidth },
      isInverted: invert,
      zoom: this.viewport.getZoom() / this.#fitZoom,
      drawn: drawn + 1,
      ...this.#geometry(frames),
    });
  };

  #geometry(frames: readonly ImageFacts[]): Pick<PaneState, 'letters' | 'mmPerPixel'> {
    const facts = frames[this.#wanted] ?? frames[0];
    const { clientWidth: width, clientHeight: height } = this.element;
    if (facts === undefined || width === 0) return { letters: undefined, mmPerPixel: undefined };
    const middle = this.viewport.canvasToWorld([width / 2, height / 2]);
    const right = add(this.viewport.canvasToWorld([width / 2 + 100, height / 2]), middle, -1);
    const down = add(this.viewport.canvasToWorld([width / 2, height / 2 + 100]), middle, -1);
    const back = (way: Triple): Triple => [-way[0], -way[1], -way[2]];
    return {
      letters:
        facts.plane === undefined
          ? undefined
          : {
              left: lettersOf(back(right)),
              right: lettersOf(right),
              top: lettersOf(back(down)),
              bottom: lettersOf(down),
            },
      mmPerPixel: facts.spacing === undefined ? undefined : Math.hypot(...right) / 100,
    };
  }

  #set(part: Partial<PaneState>): void {
    this.state.set({ ...this.state.get(), ...part });
  }
}

/**
 * Without WebGL Cornerstone takes the corner of a pixel for its middle: everything would lie half a pixel beside itself. With this a
 * point is where it is with WebGL.
 */
function countFromMiddle(viewport: Types.IStackViewport, factsNow: () => ImageFacts | undefined): void {
  const { canvasToWorld, worldToCanvas } = viewport;
  const moved = (point: Types.Point3, pixels: number): Types.Point3 => {
    const facts = factsNow();
    const { along, down } = facts?.plane ?? flat;
    const [x, y, z] = add(
      add([point[0], point[1], point[2]], along, pixels * (facts?.spacing?.column ?? 1)),
      down,
      pixels * (facts?.spacing?.row ?? 1),
    );
    return [x, y, z];
  };
  viewport.canvasToWorld = (point) => {
    const world: Types.Point3 | undefined = canvasToWorld(point);
    // Before there is an image there is no place.
    return world === undefined ? [0, 0, 0] : moved(world, -0.5);
  };
  viewport.worldToCanvas = (point) => worldToCanvas(moved(point, 0.5));
}
