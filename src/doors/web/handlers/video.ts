/**
 * Videos (PS3.18 table 8.7.4-1): the stream that is stored, under the media type that it really has, by ranges. Nothing is
 * converted, so that there is no other form of it.
 */
import { BitStream } from '../../../dicom/bit-stream.ts';
import { joined } from '../../../dicom/ranged-bytes.ts';
import { videoHeadBytes, videoType } from '../../../rendering/video-type.ts';
import type { Rendition, RenditionFacts } from './rendition.ts';

/** @returns [] where the stream is of no known kind. @throws LeadglassError MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED */
export async function videoRenditions({ instance, limits }: RenditionFacts): Promise<readonly Rendition[]> {
  const stream = await BitStream.open(instance, limits);
  if (stream === undefined || stream.lengthBytes === 0) return [];
  const { lengthBytes } = stream;
  const head = await joined(stream, 0, Math.min(videoHeadBytes, lengthBytes));
  const mediaType = videoType(instance.transferSyntaxUid, head);
  if (mediaType === undefined) return [];
  return [
    {
      mediaType,
      isMade: false,
      lengthBytes,
      read: () => stream.readRange(0, lengthBytes),
      readRange: ({ first, last }) => stream.readRange(first, last + 1 - first),
    },
  ];
}
