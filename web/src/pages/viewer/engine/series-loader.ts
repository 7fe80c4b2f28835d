/** A series of the archive as frames in their order, from the metadata of its instances (PS3.18 10.4.1.1.2). */
import type { DataSetJson } from '../../../model/dicom-json.ts';
import { factsOf, type ImageFacts } from '../model/image-facts.ts';
import { inOrder } from '../model/stack.ts';
import { get } from './frame-source.ts';

/** @throws ApiError; the signal's reason */
export async function metadataOf(study: string, series: string, signal: AbortSignal): Promise<readonly DataSetJson[]> {
  const answer = await get(`/dicom-web/studies/${study}/series/${series}/metadata`, 'application/dicom+json', signal);
  return answer.status === 204 ? [] : await answer.json();
}

/** @throws ApiError; the signal's reason */
export async function loadSeries(study: string, series: string, signal: AbortSignal): Promise<readonly ImageFacts[]> {
  const instances = await metadataOf(study, series, signal);
  return inOrder(instances.flatMap((instance) => factsOf(study, series, instance)));
}
