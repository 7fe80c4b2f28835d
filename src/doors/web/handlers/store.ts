/**
 * Store (STOW-RS), PS3.18 10.5: instances as DICOM files, part by part as they come, never one of them in memory. The answer
 * says of each what became of it.
 */
import { openPart10 } from '../../../dicom/part10-source.ts';
import { writeModel } from '../../../dicom/models/write-model.ts';
import { asLeadglassError, LeadglassError } from '../../../error.ts';
import { ownerOf } from '../../../guard/principal.ts';
import { RefusedError } from '../../../guard/refusal.ts';
import { HttpError } from '../http/http-error.ts';
import { parseMediaType } from '../http/media-type.ts';
import { parseRelatedContentType } from '../http/multipart-content-type.ts';
import { type IncomingPart, readParts } from '../http/multipart-parts.ts';
import { MultipartReader } from '../http/multipart-reader.ts';
import { chooseOrRefuse, type Offer } from '../http/negotiate.ts';
import { parseTarget } from '../resources/target.ts';
import type { WebHandler, WebLimits, WebRequest, WebResponse } from '../web-handler.ts';
import { Arrivals, otherStudyField } from './arrivals.ts';
import { jsonType, modelType, xmlType } from './model-answer.ts';
import { MessageMemory } from './message-memory.ts';
import { ModelMessage } from './model-message.ts';
import { acceptableOf, parametersOf } from './reading-request.ts';

import { arrivingModel } from './store-models.ts';
import type { PictureFacts } from './store-pictures.ts';
import { StoreReport } from './store-report.ts';
import { Watched, WatchedParts } from './watched.ts';

const dicomType = 'application/dicom';

/** Table 10.5.4-1; the module is one data set, so there is no multipart around it, but who asks for one means the same. */
const reportOffers: readonly Offer[] = [
  { name: 'application/dicom+json', isMultipart: false, isDefault: true, aliases: ['application/json'] },
  { name: 'application/dicom+xml', isMultipart: false, aliases: ['application/xml', 'text/xml'] },
  { name: 'application/dicom+xml', isMultipart: true },
];

export const store: WebHandler = async (request, session, services) => {
  const { limits } = services;
  const target = parseTarget(request.path, limits.web);
  const study = target.kind === 'resource' ? target.resource.study : undefined;
  const offer = chooseOrRefuse(acceptableOf(request, parametersOf(request, limits), limits), reportOffers);
  const report = new StoreReport({ baseUrl: request.baseUrl, otherStudyField });
  const arrivals = new Arrivals({ session, services, study, report });
  const caller = { owner: ownerOf(session.principal), signal: request.signal };
  using memory = new MessageMemory(services.arriving, caller);
  const pictures = {
    services: services.transcoding,
    ...caller,
    memory,
    bytesMax: limits.web.waitingBulkBytesMax,
  };
  const taking = { arrivals, report, limits, pictures };
  try {
    await takeMessage(request, taking);
  } catch (thrown) {
    const error = asLeadglassError(thrown);
    await arrivals.end();
    // Nobody is there to be told, or nothing has happened: then the error is the whole answer.
    if (request.signal.aborted || !report.isAnyStored) throw error;
    report.unreadable(error);
  }
  await arrivals.end();
  return answer(report, { request, limits, offer });
};

interface Taking {
  readonly arrivals: Arrivals;
  readonly report: StoreReport;
  readonly limits: WebLimits;
  readonly pictures: PictureFacts;
}

/** RFC 9110 8.4, 15.5.16: nothing is unpacked here; instances come small in a compressed or deflated transfer syntax. */
function checkEncoding({ headers }: WebRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding.trim().toLowerCase() === 'identity') return;
  throw new HttpError(415, 'Cannot store: a body with a Content-Encoding is not taken; send it as it is', {
    field: 'Content-Encoding',
    headers: { 'accept-encoding': 'identity' },
  });
}

/** @throws LeadglassError when the message itself does not read; HttpError 415 */
async function takeMessage(request: WebRequest, taking: Taking): Promise<void> {
  checkEncoding(request);
  const contentType = request.headers['content-type'];
  const single = contentType === undefined ? undefined : parseMediaType(contentType);
  if (single?.name === dicomType) {
    await takeFile(request.body, taking);
    return;
  }
  // What is neither of both ways is told of both.
  if (single?.name !== 'multipart/related') throw unsupportedType();
  const { boundary, type } = parseRelatedContentType(contentType);
  const reader = new MultipartReader({ boundary, defaultType: type, limits: taking.limits.web });
  const parts = readParts(request.body, reader);
  if (type === jsonType || type === xmlType) await takeModels(parts, taking);
  else if (type === undefined || type === dicomType) await takeFiles(parts, taking);
  else throw unsupportedType();
}

/** Metadata with bulk data: what is wrong with one data set leaves the others alone; what is wrong with the message is thrown. */
async function takeModels(
  parts: AsyncGenerator<IncomingPart, void, undefined>,
  { arrivals, report, limits, pictures }: Taking,
): Promise<void> {
  const watched = new WatchedParts(parts);
  const message = new ModelMessage(watched, limits, pictures.memory);
  try {
    for (let model = await message.nextModel(); model !== undefined; model = await message.nextModel()) {
      checkCount(report, limits);
      const arriving = await arrivingModel(model, { message, pictures }).catch(asLeadglassError);
      if (arriving instanceof LeadglassError) report.unreadable(arriving);
      else await arrivals.take(arriving);
      message.forget(model);
      if (watched.failure !== undefined) throw watched.failure;
    }
  } finally {
    await parts.return(undefined);
  }
  if (message.unused > 0) {
    const what = 'Cannot store: parts with bulk data are named by no data set that was stored';
    report.unreadable(new LeadglassError('MALFORMED', what, { field: 'Content-Location' }));
  }
}

function checkCount(report: StoreReport, { web: { storedInstancesMax } }: WebLimits): void {
  if (report.count < storedInstancesMax) return;
  throw new LeadglassError(
    'LIMIT_EXCEEDED',
    `Cannot store more than ${storedInstancesMax} instances in one request; send the rest in another`,
  );
}

async function takeFiles(parts: AsyncIterable<IncomingPart>, taking: Taking): Promise<void> {
  const { report, limits } = taking;
  for await (const { headers, body } of parts) {
    checkCount(report, limits);
    if (headers.contentType.name === dicomType) await takeFile(body, taking);
    else if (report.count === 0) throw unsupportedType();
    else report.unreadable(unsupportedType());
  }
}

/**
 * One file. What is wrong with it is in the report and leaves the others alone; what is wrong with the message it comes in is
 * thrown.
 */
async function takeFile(file: AsyncIterable<Uint8Array>, { arrivals, report, limits }: Taking): Promise<void> {
  const message = new Watched(file);
  try {
    const source = await openPart10(message, limits);
    try {
      await arrivals.take(source);
    } finally {
      await source.close();
    }
  } catch (error) {
    if (message.failure === undefined) report.unreadable(asLeadglassError(error));
  }
  if (message.failure !== undefined) throw message.failure;
}

function unsupportedType(): HttpError {
  return new HttpError(
    415,
    'Cannot store: the body must be application/dicom, or multipart/related with application/dicom, application/dicom+json or application/dicom+xml',
    { field: 'Content-Type' },
  );
}

interface AnswerFacts {
  readonly request: WebRequest;
  readonly limits: WebLimits;
  readonly offer: Offer;
}

function answer(report: StoreReport, { limits, offer }: AnswerFacts): WebResponse {
  if (report.count === 0) {
    throw new LeadglassError('BAD_REQUEST', 'Cannot store: the body holds no instance', { field: 'body' });
  }
  if (!report.isAnyStored) throwForAll(report);
  const body = writeModel(modelType(offer), report.module, { limits: limits.model });
  return {
    status: report.status,
    headers: [
      ['Content-Type', offer.name],
      ['Content-Length', String(body.length)],
    ],
    body,
  };
}

/** Where not the instances are at fault: the service is away, or nothing may be stored by this device at all. */
function throwForAll({ errors }: StoreReport): void {
  const [first] = errors;
  if (first === undefined) return;
  const isAway = errors.every(({ code }) => code === 'LEDGER_UNAVAILABLE' || code === 'BACKEND_UNAVAILABLE');
  const isRefused = errors.every((error) => error instanceof RefusedError && error.reason !== 'sop-class');
  if (isAway || isRefused) throw first;
}
