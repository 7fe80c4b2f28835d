/**
 * Pictures of the URI service (PS3.18 9.5.1.2): as rendered resources, with parameters of other names and forms, and as a
 * presentation state of the same study wants them.
 */
import { LeadglassError } from '../../../error.ts';
import type { PictureType } from '../../../rendering/picture.ts';
import type { DrawingParameters } from '../resources/drawing.ts';
import type { WadoUriRequest } from '../resources/wado-uri.ts';
import type { WebRequest, WebResponse } from '../web-handler.ts';
import { isPresentationState } from './depictions.ts';
import { type PictureServices, readState, type StoredState } from './pictures.ts';
import { retrieveOf } from './reading-request.ts';
import { onePicture } from './rendered.ts';
import { type Retrieval, withRetrieval } from './retrieval.ts';

export interface UriPicture {
  readonly request: WebRequest;
  /** Of the one instance. */
  readonly retrieval: Retrieval;
  readonly facts: PictureServices;
  readonly asked: WadoUriRequest;
  readonly type: PictureType;
}

/** @throws LeadglassError BAD_REQUEST for a window or region beside a presentation state; as onePicture */
export async function uriPicture({ request, retrieval, facts, asked, type }: UriPicture): Promise<WebResponse> {
  const { frameNumber } = asked;
  const state = await stateOf(asked, facts);
  return onePicture({
    request,
    retrieval,
    facts,
    order: { type, parameters: parametersOf(asked), withOverlays: true, ...(state === undefined ? {} : { state }) },
    ...(frameNumber === undefined ? {} : { frames: [frameNumber] }),
  });
}

/** An instance of the same study, which has an admission of its own. @throws LeadglassError NOT_FOUND, BAD_REQUEST, UNSUPPORTED */
async function stateOf(asked: WadoUriRequest, facts: PictureServices): Promise<StoredState | undefined> {
  const { presentation, study } = asked;
  if (presentation === undefined) return undefined;
  if (asked.window !== undefined || asked.region !== undefined) {
    throw new LeadglassError('BAD_REQUEST', 'A presentation state says window and region itself: ask without them');
  }
  return withRetrieval(retrieveOf({ study, ...presentation }), facts, async (retrieval) => {
    const instance = retrieval.first;
    const read = async function* (): AsyncGenerator<StoredState, void, undefined> {
      yield await readState(instance, facts.services.limits);
    };
    const [state] = await Array.fromAsync(retrieval.leaving(instance, read));
    await retrieval.succeeded();
    if (state !== undefined && isPresentationState(instance)) return state;
    throw new LeadglassError('UNSUPPORTED', 'presentationUID names no presentation state that is applied here');
  });
}

function parametersOf({ viewport, region, window, quality, ...asked }: WadoUriRequest): DrawingParameters {
  return {
    annotation: asked.annotation,
    unsupportedAnnotations: asked.unsupportedAnnotations,
    ...(viewport === undefined ? {} : { viewport }),
    ...(region === undefined ? {} : { share: region }),
    ...(window === undefined ? {} : { window: { ...window, function: window.width < 1 ? 'linear-exact' : 'linear' } }),
    ...(quality === undefined ? {} : { quality }),
  };
}
