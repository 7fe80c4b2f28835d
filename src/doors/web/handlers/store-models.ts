/**
 * Store of metadata and bulk data (STOW-RS with JSON or XML), PS3.18 10.5: each data set is written in explicit VR little endian
 * with its bulk data in place. Compressed pixel data stays as it came and is encapsulated, frame by frame, a video whole; pictures
 * that are no transfer syntax become native pixels (store-pictures.ts).
 */
import { Tags } from '../../../dicom/dictionary/dictionary.ts';
import {
  type BulkContent,
  type BulkResolver,
  type BulkValue,
  encodeModel,
} from '../../../dicom/models/encode-model.ts';
import type { BulkReference, ReadModel } from '../../../dicom/models/read-model.ts';
import type { Tag } from '../../../dicom/tag.ts';
import { transferSyntaxInfo, TransferSyntaxes } from '../../../dicom/transfer-syntax.ts';
import { parseUid, type Uid } from '../../../dicom/uid.ts';
import { LeadglassError } from '../../../error.ts';
import type { MediaType } from '../http/media-type.ts';
import { isPictureEncoding } from '../../../transcoding/picture-pixels.ts';
import { defaultSyntaxOf, pixelMediaType } from '../resources/offers.ts';
import type { Arriving } from './arrivals.ts';
import type { BulkPart, ModelMessage } from './model-message.ts';
import { arrivedPicture, describePicture, type PictureFacts, pictureValue } from './store-pictures.ts';

/**
 * The instance that a data set describes, its bulk data streaming in when it is read.
 * @throws LeadglassError MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED
 */
export async function arrivingModel(
  model: ReadModel,
  { message, pictures }: { readonly message: ModelMessage; readonly pictures: PictureFacts },
): Promise<Arriving> {
  const sopClassUid = uidOf(model, Tags.SOPClassUID, 'SOP Class UID');
  const sopInstanceUid = uidOf(model, Tags.SOPInstanceUID, 'SOP Instance UID');
  const pixels = pixelReference(model);
  // Its type says the transfer syntax, which the guard and the archive have to know first.
  const first = pixels === undefined ? undefined : await message.bulkPart(pixels.uri);
  const isPicture = first !== undefined && isPictureEncoding(first.contentType.name);
  const picture = isPicture ? await arrivedPicture(first, pictures) : undefined;
  if (picture !== undefined) describePicture(model.dataSet, picture.size);
  const transferSyntaxUid =
    first === undefined || isPicture ? TransferSyntaxes.ExplicitVrLittleEndian : syntaxOf(first.contentType);
  const isEncapsulated = transferSyntaxInfo(transferSyntaxUid)?.encapsulated === true;
  const resolve: BulkResolver = async (reference): Promise<BulkContent> => {
    if (reference !== pixels || first === undefined) return plainValue(await message.bulkPart(reference.uri));
    const { uri } = pixels;
    if (picture !== undefined) {
      return pictureValue(picture, { frames: framesOf(model), next: () => message.bulkPart(uri), pictures });
    }
    if (!isEncapsulated) return first.value();
    return { fragments: fragmentsOf(first, { frames: partsIn(model, transferSyntaxUid), message, uri }) };
  };
  return { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet: encodeModel(model, resolve) };
}

/** The reference of Pixel Data (7FE0,0010) of the data set itself; other pixel data is never compressed. */
function pixelReference(model: ReadModel): BulkReference | undefined {
  const element = model.dataSet.get(Tags.PixelData);
  return element === undefined ? undefined : model.bulkData.get(element);
}

/** PS3.5 A.4: an empty offset table, then a fragment for each frame, each a part with the same Content-Location. */
async function* fragmentsOf(
  first: BulkPart,
  { frames, message, uri }: { readonly frames: number; readonly message: ModelMessage; readonly uri: string },
): AsyncGenerator<BulkValue, void, undefined> {
  yield { lengthBytes: 0, chunks: [] };
  yield first.value();
  const syntax = syntaxOf(first.contentType);
  for (let frame = 2; frame <= frames; frame += 1) {
    const part = await message.bulkPart(uri);
    if (syntaxOf(part.contentType) !== syntax) {
      throw new LeadglassError('MALFORMED', 'Cannot store: the frames of one instance have different media types');
    }
    yield part.value();
  }
}

/** 8.7.3: an image has a part for each frame; a video is one stream with all of them. */
function partsIn(model: ReadModel, transferSyntaxUid: Uid): number {
  return pixelMediaType(transferSyntaxUid)?.startsWith('video/') === true ? 1 : framesOf(model);
}

function framesOf({ dataSet }: ReadModel): number {
  const frames = dataSet.number(Tags.NumberOfFrames) ?? 1;
  if (Number.isInteger(frames) && frames >= 1) return frames;
  throw new LeadglassError('MALFORMED', `Cannot store: Number of Frames is ${frames}`, { field: 'Number of Frames' });
}

/** Of all but pixel data: octets. */
function plainValue(part: BulkPart): BulkValue {
  if (transferSyntaxInfo(syntaxOf(part.contentType))?.encapsulated !== true) return part.value();
  throw unsupportedType();
}

/**
 * Table 8.7.3-5: by the parameter, else the default of the media type.
 * @throws LeadglassError UNSUPPORTED
 */
function syntaxOf({ name, parameters }: MediaType): Uid {
  const said = parameters.get('transfer-syntax');
  const uid = defaultSyntaxOf(name, said);
  if (uid === undefined) throw unsupportedType();
  return parseUid(uid, 'transfer-syntax');
}

function unsupportedType(): LeadglassError {
  return new LeadglassError('UNSUPPORTED', 'Cannot store: bulk data of this media type is not taken', {
    field: 'Transfer Syntax UID',
  });
}

function uidOf({ dataSet }: ReadModel, tag: Tag, field: string): Uid {
  return parseUid(dataSet.text(tag) ?? '', field);
}
