/** Pictures of the URI service (PS3.18 9.5.1.2): as rendered resources, with parameters of other names and forms. */
import { LeadglassError } from '../../../error.ts';
import type { PictureType } from '../../../rendering/picture.ts';
import type { DrawingParameters } from '../resources/drawing.ts';
import type { WadoUriRequest } from '../resources/wado-uri.ts';
import type { WebRequest, WebResponse } from '../web-handler.ts';
import type { PictureServices } from './pictures.ts';
import { onePicture } from './rendered.ts';
import type { Retrieval } from './retrieval.ts';

export interface UriPicture {
  readonly request: WebRequest;
  /** Of the one instance. */
  readonly retrieval: Retrieval;
  readonly facts: PictureServices;
  readonly asked: WadoUriRequest;
  readonly type: PictureType;
}

/** @throws LeadglassError UNSUPPORTED for a presentation state; as onePicture */
export async function uriPicture({ request, retrieval, facts, asked, type }: UriPicture): Promise<WebResponse> {
  if (asked.presentation !== undefined) {
    throw new LeadglassError('UNSUPPORTED', 'Presentation states are not applied here: ask without presentationUID');
  }
  const { frameNumber } = asked;
  return onePicture({
    request,
    retrieval,
    facts,
    order: { type, parameters: parametersOf(asked), withOverlays: true },
    ...(frameNumber === undefined ? {} : { frames: [frameNumber] }),
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
