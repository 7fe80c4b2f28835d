/**
 * dicomweb-client, the DICOMweb library of browser viewers, in Node: what it is made of needs a browser's XMLHttpRequest, so it gets
 * xhr2, with the device's certificate and the Accept header that every browser sends.
 */
import { createRequire } from 'node:module';
import { Agent } from 'node:https';
import type { JsonObject } from '../../src/dicom/models/models.test-support.ts';

/** What is used here of it; its own declarations lack the options. */
export interface DicomWebClient {
  searchForStudies(options?: Query): Promise<JsonObject[]>;
  searchForSeries(options?: Query & Partial<SeriesRef>): Promise<JsonObject[]>;
  searchForInstances(options?: Query & Partial<SeriesRef>): Promise<JsonObject[]>;
  retrieveStudyMetadata(options: StudyRef): Promise<JsonObject[]>;
  retrieveSeriesMetadata(options: SeriesRef): Promise<JsonObject[]>;
  retrieveInstanceMetadata(options: InstanceRef): Promise<JsonObject[]>;
  retrieveStudy(options: StudyRef & Wanted): Promise<ArrayBuffer[]>;
  retrieveSeries(options: SeriesRef & Wanted): Promise<ArrayBuffer[]>;
  retrieveInstance(options: InstanceRef & Wanted): Promise<ArrayBuffer>;
  retrieveInstanceFrames(options: InstanceRef & Wanted & Frames): Promise<ArrayBuffer[]>;
  retrieveInstanceRendered(options: InstanceRef & Wanted & Query): Promise<ArrayBuffer[]>;
  retrieveInstanceThumbnail(options: InstanceRef & Wanted & Query): Promise<ArrayBuffer[]>;
  retrieveInstanceFramesRendered(options: InstanceRef & Wanted & Query & Frames): Promise<ArrayBuffer[]>;
  retrieveInstanceFramesThumbnail(options: InstanceRef & Wanted & Query & Frames): Promise<ArrayBuffer[]>;
  retrieveBulkData(
    options: Wanted & { readonly BulkDataURI: string; readonly byteRange?: readonly [number, number] },
  ): Promise<ArrayBuffer[]>;
  /** Resolves with the text of the answer. */
  storeInstances(options: Partial<StudyRef> & { readonly datasets: readonly ArrayBuffer[] }): Promise<string>;
}

interface StudyRef {
  readonly studyInstanceUID: string;
}
interface SeriesRef extends StudyRef {
  readonly seriesInstanceUID: string;
}
export interface InstanceRef extends SeriesRef {
  readonly sopInstanceUID: string;
}
interface Query {
  readonly queryParams?: Readonly<Record<string, string>>;
}
interface Frames {
  readonly frameNumbers: readonly number[];
}
interface Wanted {
  readonly mediaTypes?: readonly { readonly mediaType: string; readonly transferSyntaxUID?: string }[];
}

interface RequestOfBrowsers {
  open(method: string, url: string, isAsync: boolean): void;
  setRequestHeader(name: string, value: string): void;
  send(data?: unknown): void;
  nodejsSet(options: { readonly httpsAgent: Agent }): void;
}

const require = createRequire(import.meta.url);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said
const XMLHttpRequest = require('xhr2') as new () => RequestOfBrowsers;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said
const { api } = require('dicomweb-client') as {
  readonly api: { readonly DICOMwebClient: new (options: object) => DicomWebClient };
};

/** The agent of the client that is at work; it takes no argument of that kind. */
let agent: Agent | undefined;

/** Fetch standard 4.6: without an Accept of the page the browser sends one for everything. */
class BrowserRequest extends XMLHttpRequest {
  #saysAccept = false;

  override open(method: string, url: string, isAsync: boolean): void {
    super.open(method, url, isAsync);
    if (agent !== undefined) this.nodejsSet({ httpsAgent: agent });
  }

  override setRequestHeader(name: string, value: string): void {
    this.#saysAccept ||= name.toLowerCase() === 'accept';
    super.setRequestHeader(name, value);
  }

  override send(data?: unknown): void {
    if (!this.#saysAccept) super.setRequestHeader('Accept', '*/*');
    super.send(data);
  }
}

export interface Proof {
  readonly ca: Buffer;
  readonly key?: Buffer;
  readonly cert?: Buffer;
  readonly token?: string;
}

/** Does what `use` does with a client that has this proof. One at a time: the library finds its XMLHttpRequest in `globalThis`. */
export async function withDicomWebClient(
  url: string,
  { token, ...tls }: Proof,
  use: (client: DicomWebClient) => Promise<void>,
): Promise<void> {
  agent = new Agent({ ...tls, keepAlive: true });
  Object.assign(globalThis, { XMLHttpRequest: BrowserRequest });
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  try {
    await use(new api.DICOMwebClient({ url, headers, verbose: false }));
  } finally {
    agent.destroy();
    agent = undefined;
    Reflect.deleteProperty(globalThis, 'XMLHttpRequest');
  }
}
