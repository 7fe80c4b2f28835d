/** Runs other programs in tests: to their end, or as servers that are ended with the test. Ends only what it started. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for tools that print anywhere. */
  readonly output: string;
}

/** DCMTK's sockets, Orthanc's included, wait 40 ms before each answer unless told not to. */
const environment = { ...process.env, TCP_NODELAY: '1' };

/** Runs a program to its end; never throws for its exit status. */
export function runProgram(
  program: string,
  parameters: readonly string[],
  {
    timeoutMs = 30_000,
    cwd,
    env = {},
  }: { readonly timeoutMs?: number; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [...parameters],
      {
        env: { ...environment, ...env },
        timeout: timeoutMs,
        maxBuffer: 64 * 1024 ** 2,
        ...(cwd === undefined ? {} : { cwd }),
      },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : error.code;
        if (typeof status === 'number') resolve({ status, stdout, stderr, output: stdout + stderr });
        else reject(new Error(`${program} ${parameters.join(' ')}: ${error?.message ?? ''}\n${stdout}${stderr}`));
      },
    );
  });
}

/** The port that a listening server was given. */
export function portOf(server: Pick<Server, 'address'>): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A listener on TCP has no port');
  return address.port;
}

/** A port that nobody listens on at this moment, for servers that cannot tell which one they got. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a server and waits until it takes connections on `port`; it is ended with the test. */
export async function startServer(
  t: TestContext,
  { program, parameters, port, cwd }: { program: string; parameters: readonly string[]; port: number; cwd?: string },
): Promise<void> {
  const child = spawn(program, [...parameters], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  t.after(() => end(child, 5_000));
  const deadline = Date.now() + 20_000;
  while (!(await isListening(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${program} does not listen:\n${output}`);
    await sleep(25);
  }
}

/** SIGTERM, and SIGKILL when it takes longer. Returns the exit status. */
export async function end(child: ChildProcess, withinMs: number): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), withinMs);
  await exited;
  clearTimeout(late);
  return child.exitCode;
}

export async function isListening(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = connect({ port, host });
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return isOpen;
}
