/**
 * The web servers that are measured, all over HTTPS with one client's connections kept: Leadglass from this checkout, and Orthanc
 * with its DICOMweb plugin behind nginx, as its handbook tells to run it (and as it must: Debian's 1.10.1 ends with a segmentation
 * fault at its first HTTPS request with that plugin). Ends only what it started.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startLeadglass } from './servers.ts';

export const dicomWebPlugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';

export interface WebServer {
  readonly name: string;
  readonly base: string;
  readonly agent: http.Agent;
  stop(): Promise<void>;
}

export interface Got {
  readonly status: number;
  readonly bytes: number;
}

export interface Asking {
  readonly accept?: string;
  readonly type?: string;
  readonly body?: readonly Buffer[];
}

/** One request, its answer read to the end and thrown away. */
export function ask(server: WebServer, path: string, { accept, type, body }: Asking = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { request: requestOf } = server.base.startsWith('https:') ? https : http;
    const request = requestOf(
      `${server.base}${path}`,
      {
        agent: server.agent,
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(accept === undefined ? {} : { accept }),
          ...(type === undefined ? {} : { 'content-type': type }),
          ...(body === undefined ? {} : { 'content-length': body.reduce((sum, { length }) => sum + length, 0) }),
        },
      },
      (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => (bytes += chunk.length));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes }));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    for (const piece of body ?? []) request.write(piece);
    request.end();
  });
}

export async function leadglassWeb(scratch: string): Promise<WebServer> {
  const server = await startLeadglass(join(scratch, 'leadglass'), { web: true });
  return {
    name: 'Leadglass',
    base: `https://localhost:${server.consolePort}/dicom-web`,
    agent: new https.Agent({ keepAlive: true, ...credentialsIn(server.credentials('BENCHWEB')) }),
    stop: () => server.stop(),
  };
}

/** @param plain without nginx and TLS before it: less than the others have to do, to see what those cost. */
export async function orthancWeb(scratch: string, { plain = false } = {}): Promise<WebServer> {
  const folder = join(scratch, 'orthanc');
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const configuration = join(folder, 'orthanc.json');
  writeFileSync(
    configuration,
    JSON.stringify({
      StorageDirectory: join(folder, 'db'),
      IndexDirectory: join(folder, 'db'),
      Plugins: [dicomWebPlugin],
      HttpPort: port,
      DicomPort: await freePort(),
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      DicomWeb: { Enable: true, Root: '/dicom-web/' },
    }),
  );
  const child = spawn('Orthanc', [configuration], { stdio: 'ignore', env: { ...process.env, TCP_NODELAY: '1' } });
  const inside: WebServer = {
    name: 'Orthanc, plain HTTP',
    base: `http://127.0.0.1:${port}/dicom-web`,
    agent: new http.Agent({ keepAlive: true }),
    stop: () => ended(child),
  };
  await whenAnswering(inside);
  if (plain) return inside;
  const outside = await nginxBefore(port, folder);
  await whenAnswering(outside);
  return {
    ...outside,
    async stop() {
      await outside.stop();
      await inside.stop();
    },
  };
}

/** Everything streamed through and nothing logged: nginx at its best. */
async function nginxBefore(upstream: number, folder: string): Promise<WebServer> {
  const port = await freePort();
  const keys = join(folder, 'tls');
  mkdirSync(keys, { recursive: true });
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
      .concat(['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'])
      .concat(['-keyout', join(keys, 'key.pem'), '-out', join(keys, 'cert.pem')]),
    { stdio: 'ignore' },
  );
  const configuration = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    configuration,
    `worker_processes 2;
pid ${folder}/nginx.pid;
error_log stderr;
daemon off;
events { worker_connections 1024; }
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
  keepalive_requests 1000000;
  upstream orthanc { server 127.0.0.1:${upstream}; keepalive 64; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port} ssl;
    server_name localhost;
    ssl_certificate ${keys}/cert.pem;
    ssl_certificate_key ${keys}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    client_max_body_size 0;
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_http_version 1.1;
    location / { proxy_pass http://orthanc; proxy_set_header Host $host:$server_port; proxy_set_header Connection ""; }
  }
}
`,
  );
  const child = spawn('nginx', ['-c', configuration, '-p', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  return {
    name: 'Orthanc + nginx',
    base: `https://localhost:${port}/dicom-web`,
    agent: new https.Agent({ keepAlive: true, ca: readFileSync(join(keys, 'cert.pem')) }),
    stop: () => ended(child),
  };
}

function credentialsIn(folder: string): { readonly key: Buffer; readonly cert: Buffer; readonly ca: Buffer } {
  const file = (name: string): Buffer => readFileSync(join(folder, name));
  return { key: file('key.pem'), cert: file('cert.pem'), ca: file('ca.pem') };
}

async function whenAnswering(server: WebServer): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const answer = await ask(server, '/studies?limit=1', { accept: 'application/dicom+json' }).catch(() => undefined);
    if (answer !== undefined && answer.status < 500) return;
    await sleep(50);
  }
  throw new Error(`${server.name} does not answer`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await exit;
}
