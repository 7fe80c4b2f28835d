/** A DICOMweb client of Node's own https, with a device's certificate or a token: whole answers, and messages of any bytes. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';

export interface Answer {
  readonly status: number;
  /** In the order in which they came, names as they were written. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export const dicomJson = 'application/dicom+json';
export const anyDicom = 'multipart/related; type="application/dicom"; transfer-syntax=*';
export const anyOctets = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';

export class WebClient {
  readonly #base: string;
  readonly #agent: https.Agent;
  readonly #token: string | undefined;

  /** @param folder of the device, with its key and certificate; with a token only the authority's is taken from it */
  constructor(port: number, folder: string, token?: string) {
    this.#base = `https://localhost:${port}`;
    this.#token = token;
    const file = (name: string): Buffer => readFileSync(join(folder, name));
    const identity = token === undefined ? { key: file('key.pem'), cert: file('cert.pem') } : {};
    this.#agent = new https.Agent({ keepAlive: true, ca: file('ca.pem'), ...identity });
  }

  /** @param path below /dicom-web, sent as it stands */
  ask(path: string, { method, accept = '*/*', headers = {}, body }: Asked = {}): Promise<Answer> {
    const proof: Record<string, string> = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    return new Promise((resolve, reject) => {
      const request = https.request(this.#base, {
        agent: this.#agent,
        // What stands in Host is another matter.
        servername: 'localhost',
        path: `/dicom-web${path}`,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { accept, ...proof, ...headers },
      });
      request.once('error', reject);
      request.once('response', (response) => void wholeOf(response).then(resolve, reject));
      request.end(body);
    });
  }

  /** STOW-RS of parts as they stand. */
  store(parts: readonly Uint8Array[], asked: Asked & { readonly type?: string; readonly path?: string } = {}) {
    const { type = 'application/dicom', path = '/studies', headers = {}, ...others } = asked;
    const pieces = parts.flatMap((part) => [
      Buffer.from(`--edge\r\nContent-Type: ${type}\r\n\r\n`),
      part,
      Buffer.from('\r\n'),
    ]);
    const contentType = `multipart/related; type="${type}"; boundary=edge`;
    return this.ask(path, {
      accept: dicomJson,
      headers: { 'content-type': contentType, ...headers },
      body: Buffer.concat([...pieces, Buffer.from('--edge--\r\n')]),
      ...others,
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function wholeOf(response: IncomingMessage): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) if (chunk instanceof Uint8Array) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const headers: [string, string][] = [];
  for (let at = 0; at < response.rawHeaders.length; at += 2) {
    headers.push([response.rawHeaders[at] ?? '', response.rawHeaders[at + 1] ?? '']);
  }
  return { status: response.statusCode ?? 0, headers, body, text: body.toString() };
}

/** Study, series and instance as a path. */
export function pathOf(study: string, series?: string, instance?: string): string {
  return (
    `/studies/${study}` +
    (series === undefined ? '' : `/series/${series}`) +
    (instance === undefined ? '' : `/instances/${instance}`)
  );
}
