/**
 * Thumbnails (PS3.18 10.4.1.1.5): one small picture of a study, a series, an instance or a frame. Overlays, which may tell who
 * it is, are left out; what a device has burned into the pixels is in every picture of them. Documents, waveforms and videos have a
 * page with what kind they are.
 */
import type { StoredInstance } from '../../../backends/backend.ts';
import { documentKind } from '../../../rendering/document-kind.ts';
import { singleValue } from '../http/query-string.ts';
import { invalid } from '../resources/parameter-values.ts';
import { parseRenderingParameters } from '../resources/rendering-parameters.ts';
import type { WebHandler, WebServices } from '../web-handler.ts';
import { DrawableImage, type PictureServices } from './pictures.ts';
import { acceptableOf, parametersOf, retrieveOf, targetOf } from './reading-request.ts';
import { onePicture, pictureOffer, plainParameters } from './rendered.ts';
import { type Retrieval, withRetrieval } from './retrieval.ts';

export const thumbnail: WebHandler = async (request, session, services) => {
  const { limits } = services;
  const { resource, frames } = targetOf(request, 'resource', limits);
  const query = parametersOf(request, limits);
  const parameters = sizeOf(query, services);
  const offer = pictureOffer(acceptableOf(request, query, limits));
  const facts = { session, services, signal: request.signal };
  return withRetrieval(retrieveOf(resource), facts, async (retrieval) => {
    const order = { type: offer.name, parameters, withOverlays: false };
    const instance = await shown(retrieval, facts);
    return onePicture({ request, retrieval, facts, order, ...(frames === undefined ? {} : { frames }) }, instance);
  });
};

/** 8.3.5.1.3: only a size; other parameters of rendered resources are ignored. @throws LeadglassError BAD_REQUEST */
function sizeOf(query: Parameters<typeof singleValue>[0], { limits }: WebServices) {
  const { viewport } = parseRenderingParameters(
    query.filter(({ name }) => name === 'viewport'),
    limits.web,
  );
  if (viewport?.region !== undefined) throw invalid('viewport', 'must be a width and a height for a thumbnail');
  const side = limits.rendering.thumbnailSide;
  return plainParameters(viewport?.width ?? side, viewport?.height ?? side);
}

/** The one in the middle: the first slices of a series show little. From there on the next that has pixels. */
async function shown(retrieval: Retrieval, facts: PictureServices): Promise<StoredInstance> {
  const { instances } = retrieval;
  const middle = Math.floor(instances.length / 2);
  const tries = Math.min(instances.length, facts.services.limits.rendering.thumbnailTriesMax);
  if (instances.length === 1) return retrieval.first;
  for (let index = 0; index < tries; index += 1) {
    const instance = instances[(middle + index) % instances.length];
    if (instance !== undefined && (await hasPixels(instance, facts))) return instance;
  }
  return instances[middle] ?? retrieval.first;
}

/** Looked at here only: nothing of it leaves. Those of a video are not drawn. */
async function hasPixels(instance: StoredInstance, facts: PictureServices): Promise<boolean> {
  if (documentKind(instance.head.sopClassUid, instance.transferSyntaxUid) !== undefined) return false;
  return (await DrawableImage.open(instance, facts)) !== undefined;
}
