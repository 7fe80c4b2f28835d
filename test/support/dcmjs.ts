/** dcmjs-dimse, an independent DIMSE in JavaScript, as a client over TLS. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What is used here of it; its own declarations need packages that it does not bring. */
export interface DcmjsEmitter {
  on(event: string, listener: (...values: readonly unknown[]) => void): void;
}
export interface DcmjsDataset {
  getElement(name: string): unknown;
  getElements(): Readonly<Record<string, unknown>>;
}
export interface DcmjsMessage {
  getStatus(): number;
  hasDataset(): boolean;
  getDataset(): DcmjsDataset;
}
interface DcmjsClient extends DcmjsEmitter {
  addRequest(request: DcmjsEmitter): void;
  send(host: string, port: number, calling: string, called: string, options: object): void;
}
interface DcmjsDimse {
  readonly Client: new () => DcmjsClient;
  readonly requests: {
    readonly CEchoRequest: new () => DcmjsEmitter;
    readonly CStoreRequest: new (file: string) => DcmjsEmitter;
    readonly CFindRequest: { createStudyFindRequest(elements: Readonly<Record<string, string>>): DcmjsEmitter };
    readonly CGetRequest: { createStudyGetRequest(studyInstanceUid: string): DcmjsEmitter };
    readonly NActionRequest: new (
      sopClassUid: string,
      sopInstanceUid: string,
      actionTypeId: number,
    ) => DcmjsEmitter & {
      setDataset(dataset: unknown): void;
    };
  };
  readonly responses: {
    readonly CStoreResponse: { fromRequest(request: unknown): { setStatus(status: number): void } };
  };
  readonly Dataset: new (elements: object) => DcmjsDataset;
  readonly log: { setLevel(level: string): void };
}
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said
export const dcmjs = createRequire(import.meta.url)('dcmjs-dimse') as DcmjsDimse;
dcmjs.log.setLevel('silent');

export interface DcmjsResult {
  readonly responses: readonly DcmjsMessage[];
  /** Data sets that came as C-STORE for a C-GET. */
  readonly received: readonly DcmjsDataset[];
}

/** Sends the requests on one association; resolves when it has ended. */
export async function sendByDcmjs(
  { port, calling, folder }: { readonly port: number; readonly calling: string; readonly folder: string },
  requests: readonly DcmjsEmitter[],
): Promise<DcmjsResult> {
  const responses: DcmjsMessage[] = [];
  const received: DcmjsDataset[] = [];
  const client = new dcmjs.Client();
  for (const request of requests) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what this event brings, by its documentation
    request.on('response', (response) => responses.push(response as DcmjsMessage));
    client.addRequest(request);
  }
  client.on('cStoreRequest', (request, callback) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
    received.push((request as DcmjsMessage).getDataset());
    const response = dcmjs.responses.CStoreResponse.fromRequest(request);
    response.setStatus(0);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
    (callback as (answer: unknown) => void)(response);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  client.on('closed', () => resolve());
  client.on('networkError', (error) => reject(error));
  client.on('associationRejected', (rejection) => reject(new Error(`rejected: ${JSON.stringify(rejection)}`)));
  const file = (name: string): Buffer => readFileSync(join(folder, name));
  client.send('localhost', port, calling, 'LEADGLASS', {
    securityOptions: { key: file('key.pem'), cert: file('cert.pem'), ca: file('ca.pem'), rejectUnauthorized: true },
  });
  await promise;
  return { responses, received };
}
