/**
 * Starts what is measured: Leadglass from this checkout, DCMTK's storescp and Orthanc where they are installed, all on
 * loopback with certificates of Leadglass's own authority, and tells their memory. Ends only what it started.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './raw-association.ts';

const repository = resolve(import.meta.dirname, '../..');
export const leadglassCommand = join(repository, 'bin/leadglass');

/** DCMTK's sockets, Orthanc's included, wait 40 ms for more before each answer unless told not to; both are measured at their best. */
const withoutNagle = { TCP_NODELAY: '1' };

export interface Server {
  readonly name: string;
  readonly target: Target;
  /** Milliseconds from the start of the process until it took a connection. */
  readonly startMs: number;
  readonly pid: number;
  /** Largest resident memory so far, in MB, children included where they are still there. */
  peakMemoryMb(): number;
  /** Seconds of processor time so far, of all its threads. */
  processorSeconds(): number;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('No port');
  return address.port;
}

async function whenListening(port: number, child: ChildProcess, name: string): Promise<number> {
  const started = performance.now();
  while (performance.now() - started < 30_000) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} before it listened`);
    const open = await new Promise<boolean>((done) => {
      const socket = net.connect({ host: '127.0.0.1', port }, () => {
        socket.destroy();
        done(true);
      });
      socket.once('error', () => done(false));
    });
    if (open) return performance.now() - started;
    await sleep(10);
  }
  throw new Error(`${name} does not listen on ${port}`);
}

function peakMemory(pid: number): number {
  try {
    const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(match?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** proc(5): the 14th and 15th field of stat, in ticks of a hundredth. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function asServer(name: string, child: ChildProcess, target: Target, startMs: number): Server {
  return {
    name,
    target,
    startMs,
    pid: child.pid ?? 0,
    peakMemoryMb: () => peakMemory(child.pid ?? 0),
    processorSeconds: () => processorTime(child.pid ?? 0),
    stop: async () => {
      if (child.exitCode !== null) return;
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(10_000)]);
      if (child.exitCode === null) child.kill('SIGKILL');
    },
  };
}

export interface LeadglassServer extends Server {
  /** The folder with the credentials of a device that was enrolled. */
  credentials(device: string): string;
  readonly consolePort: number;
  enrol(aet: string, purpose: string, ...more: readonly string[]): void;
  /** A command on its data folder. */
  run(...words: readonly string[]): void;
  /** What a command says with `--json`; the caller knows its shape. */
  json(...words: readonly string[]): unknown;
}

/**
 * Leadglass with everything on. `devices` are enrolled when the data folder is new; their folders are `<data>-devices/AET`.
 * `config` are further lines of leadglass.yaml.
 */
export async function startLeadglass(
  data: string,
  options: { readonly web?: boolean; readonly config?: string; readonly profileIn?: string } = {},
): Promise<LeadglassServer> {
  const { web = false, config = '', profileIn } = options;
  const port = await freePort();
  const consolePort = await freePort();
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const configFile = join(data, 'leadglass.yaml');
  writeFileSync(
    configFile,
    `aeTitle: LEADGLASS\ndoors:\n  dimse: { port: ${port} }\n  console: { port: ${consolePort} }\n${config}`,
    { mode: 0o600 },
  );
  const serve = ['serve', '--data', data];
  const child = spawn(...commandOf(serve, profileIn), {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, LEADGLASS_DATA: data },
  });
  const startMs = await whenListening(port, child, 'Leadglass');
  const devices = `${data}-devices`;
  const run = (...words: readonly string[]): void => {
    execFileSync(leadglassCommand, [...words, '--data', data], { stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const enrol = (aet: string, purpose: string, ...more: readonly string[]): void => {
    const folder = join(devices, aet);
    try {
      readFileSync(join(folder, 'cert.pem'));
      return;
    } catch {
      // not enrolled yet
    }
    mkdirSync(devices, { recursive: true });
    const until = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
    const words = ['--purpose', purpose, '--reason', 'benchmark', '--until', until, '--out', folder];
    run('device', 'add', aet, ...words, ...more);
  };
  enrol('BENCH', 'archive');
  if (web) enrol('BENCHWEB', 'archive', '--door', 'web');
  const target: Target = {
    host: '127.0.0.1',
    port,
    calling: 'BENCH',
    called: 'LEADGLASS',
    credentials: join(devices, 'BENCH'),
  };
  const credentials = (device: string): string => join(devices, device);
  const json = (...words: readonly string[]): unknown =>
    JSON.parse(execFileSync(leadglassCommand, [...words, '--data', data, '--json'], { encoding: 'utf8' }));
  return { ...asServer('Leadglass', child, target, startMs), credentials, consolePort, enrol, run, json };
}

/** With a profile the server runs without the launcher's restrictions, under which Node could not write it. */
function commandOf(words: readonly string[], profileIn: string | undefined): readonly [string, readonly string[]] {
  if (profileIn === undefined) return [leadglassCommand, words];
  const profiling = ['--cpu-prof', `--cpu-prof-dir=${profileIn}`];
  return [process.execPath, [...profiling, join(repository, 'src/main.ts'), ...words]];
}

/** storescp, which forks a process for each association, keeps the bytes as they come and syncs nothing. */
export async function startStorescp(folder: string, credentials: string): Promise<Server> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => join(credentials, name);
  const child = spawn(
    'storescp',
    [
      '--fork',
      '--bit-preserving',
      '-od',
      folder,
      '+tls',
      file('key.pem'),
      file('cert.pem'),
      '+cf',
      file('ca.pem'),
      String(port),
    ],
    { stdio: 'ignore', env: { ...process.env, ...withoutNagle } },
  );
  const startMs = await whenListening(port, child, 'storescp');
  return asServer(
    'DCMTK storescp --bit-preserving',
    child,
    { host: '127.0.0.1', port, calling: 'BENCH', called: 'STORESCP', credentials },
    startMs,
  );
}

/** Orthanc with SQLite, TLS with client certificates, everything else as it comes. */
export async function startOrthanc(folder: string, credentials: string): Promise<Server> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => join(credentials, name);
  const configuration = join(folder, 'orthanc.json');
  writeFileSync(
    configuration,
    JSON.stringify({
      Name: 'bench',
      StorageDirectory: join(folder, 'db'),
      IndexDirectory: join(folder, 'db'),
      Plugins: [],
      HttpServerEnabled: false,
      DicomAet: 'ORTHANC',
      DicomPort: port,
      DicomTlsEnabled: true,
      DicomTlsCertificate: file('cert.pem'),
      DicomTlsPrivateKey: file('key.pem'),
      DicomTlsTrustedCertificates: file('ca.pem'),
      DicomTlsRemoteCertificateRequired: true,
      DicomAlwaysAllowEcho: true,
      DicomAlwaysAllowStore: true,
      DicomAlwaysAllowFind: true,
      DicomAlwaysAllowGet: true,
      DicomCheckCalledAet: false,
    }),
  );
  const child = spawn('Orthanc', [configuration], { stdio: 'ignore', env: { ...process.env, ...withoutNagle } });
  const startMs = await whenListening(port, child, 'Orthanc');
  return asServer(
    'Orthanc 1.10 SQLite',
    child,
    { host: '127.0.0.1', port, calling: 'BENCH', called: 'ORTHANC', credentials },
    startMs,
  );
}
