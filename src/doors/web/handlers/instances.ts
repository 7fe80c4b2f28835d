/**
 * Retrieve of studies, series and instances as DICOM files (WADO-RS), PS3.18 10.4: a multipart message of all, or a single
 * file. Each leaves in the transfer syntax that the client prefers of those in which it can be had (8.7.8).
 */
import { randomBytes } from 'node:crypto';
import type { StoredInstance } from '../../../backends/backend.ts';
import { implementationVersionName } from '../../../dicom/implementation.ts';
import { writePart10Head } from '../../../dicom/part10.ts';
import type { Uid } from '../../../dicom/uid.ts';
import type { Acceptable } from '../http/accept.ts';
import { strongTag } from '../http/conditional.ts';
import { formatMediaType } from '../http/media-type.ts';
import { formatMultipartContentType } from '../http/multipart-content-type.ts';
import { multipartLengthBytes, newBoundary, type OutgoingPart, writeMultipart } from '../http/multipart-writer.ts';
import { choose, chooseOrRefuse, type Offer } from '../http/negotiate.ts';
import { type ZipEntry, writeZip } from '../http/zip-writer.ts';
import { bulkOffers, instanceOffers, zipOffers, zipType } from '../resources/offers.ts';
import type { DicomResource } from '../resources/target.ts';
import type { WebHandler, WebRequest, WebResponse, WebServices } from '../web-handler.ts';
import { type Begun, begun } from './begun.ts';
import { bulkMessage } from './bulk-message.ts';
import { availableOf, readIn, uidIn } from './conversions.ts';
import { acceptableOf, instanceUrl, parametersOf, retrieveOf, targetOf } from './reading-request.ts';
import { type Representation, respond, sliced } from './representation.ts';
import { type Retrieval, withRetrieval } from './retrieval.ts';

const dicomType = 'application/dicom';

export const instances: WebHandler = async (request, session, services) => {
  const { resource } = targetOf(request, 'resource', services.limits);
  const acceptable = acceptableOf(request, parametersOf(request, services.limits), services.limits);
  const facts = { session, services, signal: request.signal };
  return withRetrieval(retrieveOf(resource), facts, async (retrieval) => {
    const isOne = resource.instance !== undefined;
    const choosing = { acceptable, isOne, services };
    // What is acceptable of the first decides the form of all.
    const first = firstPlan(retrieval.instances, choosing);
    const isFile = first === undefined || first.offer.name === dicomType || first.offer.name === zipType;
    if (!isFile) return bulkMessage({ request, retrieval, services, acceptable });
    if (first?.offer.name === zipType) {
      const plans = plansOf(retrieval.instances, { ...choosing, forms: 'zip' });
      return zip(plans, { resource, retrieval, request, services });
    }
    if (isOne && first?.offer.isMultipart === false) {
      const file = fileOf(first.instance, first.transferSyntaxUid, { retrieval, request, services });
      return respond(file, { request, retrieval, limits: services.limits });
    }
    return message({ ...choosing, request, retrieval });
  });
};

/** How one instance leaves. */
interface Plan {
  readonly instance: StoredInstance;
  readonly transferSyntaxUid: Uid;
  readonly offer: Offer;
}

interface Choosing {
  readonly acceptable: Acceptable;
  readonly isOne: boolean;
  readonly services: WebServices;
  /** What may be chosen: one archive for all, or bulk data alone, is decided first. */
  readonly forms?: 'any' | 'zip';
}

function firstPlan(instances: readonly StoredInstance[], choosing: Choosing): Plan | undefined {
  for (const instance of instances) {
    const [plan] = plansOf([instance], { ...choosing, forms: 'any' });
    if (plan !== undefined) return plan;
  }
  return undefined;
}

/** Those for which there is an acceptable representation; each is negotiated by itself, since each has its own offers. */
function plansOf(
  instances: readonly StoredInstance[],
  { acceptable, isOne, services, forms }: Choosing,
): readonly Plan[] {
  return instances.flatMap((instance) => {
    const { exact, lossy } = availableOf(instance, services);
    const files = forms === 'zip' ? [] : instanceOffers(exact, { isOne, lossy });
    const zipped = forms === undefined ? [] : zipOffers(exact);
    const offer = choose(acceptable, [...files, ...zipped, ...(forms === 'any' ? bulkOffers(exact, lossy) : [])]);
    const transferSyntaxUid = [...exact, ...lossy].find((uid) => uid === offer?.transferSyntax);
    return offer === undefined || transferSyntaxUid === undefined ? [] : [{ instance, transferSyntaxUid, offer }];
  });
}

/** What a file or a part is made of. */
export interface FileFacts {
  readonly retrieval: Retrieval;
  readonly request: WebRequest;
  readonly services: WebServices;
}

/** The instance as a whole DICOM file by itself. */
export function fileOf(instance: StoredInstance, transferSyntaxUid: Uid, facts: FileFacts): Representation {
  const { retrieval, request, services } = facts;
  const head = headOf(instance, transferSyntaxUid);
  const isStored = transferSyntaxUid === instance.transferSyntaxUid;
  const content = (): AsyncIterable<Uint8Array> =>
    file(head, readIn(instance, transferSyntaxUid, { services, owner: retrieval.owner, signal: request.signal }));
  const common = {
    contentType: dicomContentType(transferSyntaxUid),
    tag: strongTag(instance.sha256, `${transferSyntaxUid}.${implementationVersionName}`),
    headers: [['Content-Location', instanceUrl(request.baseUrl, instance.head)]] as const,
    read: () => retrieval.leaving(instance, content),
  };
  if (!isStored) return common;
  return {
    ...common,
    lengthBytes: head.length + instance.lengthBytes,
    readRange: (range) => retrieval.leaving(instance, () => fileRange(instance, head, range)),
  };
}

/** The data set's first bytes are there before the head leaves: then a conversion that cannot be is no half answer. */
async function* file(head: Uint8Array, dataSet: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let before: Uint8Array | undefined = head;
  for await (const chunk of dataSet) {
    if (before !== undefined) yield before;
    before = undefined;
    yield chunk;
  }
  if (before !== undefined) yield before;
}

async function* fileRange(
  instance: StoredInstance,
  head: Uint8Array,
  { first, last }: { readonly first: number; readonly last: number },
): AsyncGenerator<Uint8Array> {
  const ofHead = head.subarray(first, last + 1);
  if (ofHead.length > 0) yield ofHead;
  const offset = Math.max(0, first - head.length);
  const left = last + 1 - head.length - offset;
  if (left > 0) yield* sliced(instance.readRange(offset, left), { first: 0, last: left - 1 });
}

/** 10.4: the file head is ours, with an empty preamble: nobody gets a program that pretends to be an image (PS3.10 7.5). */
function headOf(instance: StoredInstance, transferSyntaxUid: Uid): Uint8Array {
  const { sopClassUid } = instance.head;
  return writePart10Head({ sopClassUid, sopInstanceUid: uidIn(instance, transferSyntaxUid), transferSyntaxUid });
}

function dicomContentType(transferSyntaxUid: Uid): string {
  return formatMediaType(dicomType, [['transfer-syntax', transferSyntaxUid]]);
}

/** All in one archive, by series; an instance's name is its UID, which holds digits and dots only. */
async function zip(
  plans: readonly Plan[],
  facts: FileFacts & { readonly resource: DicomResource },
): Promise<WebResponse> {
  const { retrieval, request, resource } = facts;
  const headers: [string, string][] = [
    ['Content-Type', zipType],
    ['Content-Disposition', `attachment; filename="${resource.instance ?? resource.series ?? resource.study}.zip"`],
    ['Vary', 'Accept'],
  ];
  const status = plans.length < retrieval.instances.length ? 206 : 200;
  if (request.method === 'HEAD') {
    await retrieval.succeeded();
    return { status, headers };
  }
  return { status, headers, body: await retrieval.body(writeZip(zipEntries(plans, facts))) };
}

async function* zipEntries(plans: readonly Plan[], facts: FileFacts): AsyncGenerator<ZipEntry, void, undefined> {
  for await (const { plan, part } of preparedParts(plans, facts)) {
    const { seriesInstanceUid, sopInstanceUid } = plan.instance.head;
    const { body, lengthBytes } = part;
    yield {
      name: `${seriesInstanceUid}/${sopInstanceUid}.dcm`,
      body,
      ...(lengthBytes === undefined ? {} : { lengthBytes }),
    };
  }
}

async function message(facts: FileFacts & Choosing): Promise<WebResponse> {
  const { retrieval, request, services, acceptable, isOne } = facts;
  const { instances: found } = retrieval;
  const plans = plansOf(found, { acceptable, isOne, services });
  if (plans.length === 0) {
    const { exact, lossy } = availableOf(retrieval.first, services);
    chooseOrRefuse(acceptable, [...instanceOffers(exact, { isOne, lossy }), ...bulkOffers(exact, lossy)]);
  }
  const boundary = newBoundary(randomBytes(16));
  const lengthBytes = multipartLengthBytes(
    plans.map((plan) => partOf(plan, facts, () => nothing())),
    boundary,
  );
  const headers: [string, string][] = [
    ['Content-Type', formatMultipartContentType('multipart/related', { type: dicomType, boundary })],
    ['Vary', 'Accept'],
  ];
  if (lengthBytes !== undefined) headers.push(['Content-Length', String(lengthBytes)]);
  // Table 10.4.3-1: 206 where some are not acceptable in any form.
  const status = plans.length < found.length ? 206 : 200;
  if (request.method === 'HEAD') {
    await retrieval.succeeded();
    return { status, headers };
  }
  return { status, headers, body: await retrieval.body(writeMultipart(partsOf(plans, facts), boundary)) };
}

/** The next instances are read from the disk and opened while the one before is on its way. */
async function* preparedParts(
  plans: readonly Plan[],
  facts: FileFacts,
): AsyncGenerator<{ readonly plan: Plan; readonly part: FilePart }, void, undefined> {
  const { instancesAhead } = facts.services.limits.web;
  const ahead: { readonly plan: Plan; readonly dataSet: Begun }[] = [];
  let next = 0;
  try {
    for (;;) {
      for (const plan of plans.slice(next, next + 1 + instancesAhead - ahead.length)) {
        ahead.push({ plan, dataSet: begun(dataSetOf(plan, facts)) });
        next += 1;
      }
      const current = ahead.shift();
      if (current === undefined) return;
      const { plan, dataSet } = current;
      try {
        yield { plan, part: partOf(plan, facts, () => dataSet) };
      } finally {
        // Given up between its head and its bytes, or refused by the ledger: nobody has begun to read it.
        await dataSet.return();
      }
    }
  } finally {
    await Promise.all(ahead.map(({ dataSet }) => dataSet.return()));
  }
}

async function* partsOf(plans: readonly Plan[], facts: FileFacts): AsyncGenerator<OutgoingPart, void, undefined> {
  for await (const { part } of preparedParts(plans, facts)) yield part;
}

/** A message part whose body streams. */
interface FilePart extends OutgoingPart {
  readonly body: AsyncIterable<Uint8Array>;
}

function dataSetOf(
  { instance, transferSyntaxUid }: Plan,
  { services, request, retrieval }: FileFacts,
): AsyncIterable<Uint8Array> {
  return readIn(instance, transferSyntaxUid, { services, owner: retrieval.owner, signal: request.signal });
}

function partOf(
  { instance, transferSyntaxUid }: Plan,
  { retrieval, request }: FileFacts,
  dataSet: () => AsyncIterable<Uint8Array>,
): FilePart {
  const head = headOf(instance, transferSyntaxUid);
  return {
    headers: [
      ['Content-Type', dicomContentType(transferSyntaxUid)],
      ['Content-Location', instanceUrl(request.baseUrl, instance.head)],
    ],
    body: retrieval.leaving(instance, () => file(head, dataSet())),
    ...(transferSyntaxUid === instance.transferSyntaxUid ? { lengthBytes: head.length + instance.lengthBytes } : {}),
  };
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
