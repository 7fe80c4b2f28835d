/**
 * A real server as its own process, from this checkout, with a data folder of its own; started, killed, watched and asked
 * through its command line. What is sent to it stands in raw-peer.ts. Ends only what it started.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../../bench/support/raw-association.ts';

export const leadglassCommand = resolve(import.meta.dirname, '../../bin/leadglass');

/** Where the tests of this run keep their folders; one each, removed by its owner. */
export function scratchFolder(): string {
  return mkdtempSync(join(tmpdir(), 'leadglass-faults-'));
}

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command of `bin/leadglass`; never throws for its exit status. */
export function runCommand(
  arguments_: readonly string[],
  { timeoutMs = 60_000, cwd }: { readonly timeoutMs?: number; readonly cwd?: string } = {},
): Promise<CommandResult> {
  return new Promise((done, failed) => {
    execFile(
      leadglassCommand,
      [...arguments_],
      { timeout: timeoutMs, maxBuffer: 64 * 1024 ** 2, ...(cwd === undefined ? {} : { cwd }) },
      (error, stdout, stderr) => {
        if (error === null) done({ status: 0, stdout, stderr });
        else if (typeof error.code === 'number') done({ status: error.code, stdout, stderr });
        else failed(new Error(`leadglass ${arguments_.join(' ')}: ${error.message}\n${stderr}`));
      },
    );
  });
}

export type Purpose = 'acquisition' | 'reading' | 'exchange' | 'archive';

/** A data folder and the server that runs on it, or not. */
export class TestServer implements AsyncDisposable {
  readonly folder: string;
  readonly data: string;
  #child: ChildProcess | undefined;
  #port = 0;
  #consolePort = 0;
  #log = '';
  /** True from the signal on, until the next start. */
  isEnding = false;

  /** `data` may lie on another disk than the scratch folder. */
  constructor(folder = scratchFolder(), data = join(folder, 'data')) {
    this.folder = folder;
    this.data = data;
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const file = join(data, 'leadglass.yaml');
    writeFileSync(file, 'doors:\n  dimse: { port: 0 }\n  console: { port: 0 }\narchive: { retentionDays: 0 }\n', {
      mode: 0o600,
    });
  }

  static async start(): Promise<TestServer> {
    const server = new TestServer();
    await server.start();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get consolePort(): number {
    return this.#consolePort;
  }

  /** Everything that all its starts wrote to standard error. */
  get log(): string {
    return this.#log;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('The server does not run');
    return pid;
  }

  /** Resolves when both doors are open. */
  async start(): Promise<void> {
    const child = spawn(leadglassCommand, ['serve', '--data', this.data], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.isEnding = false;
    let text = '';
    await new Promise<void>((done, failed) => {
      child.stderr.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString();
      });
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const dimse = /:(\d+) \(DICOM over TLS\)/.exec(text)?.[1];
        const console = /https:\/\/\S+?:(\d+)/.exec(text)?.[1];
        if (dimse === undefined || console === undefined) return;
        this.#port = Number(dimse);
        this.#consolePort = Number(console);
        done();
      });
      child.once('exit', (code, signal) =>
        failed(new Error(`The server ended (${code ?? signal}) before its doors were open:\n${this.#log}`)),
      );
    });
  }

  /** Enrols a device; its folder is where its credentials are. */
  async addDevice(aeTitle: string, purpose: Purpose = 'archive', more: readonly string[] = []): Promise<string> {
    const folder = join(this.folder, `device-${aeTitle.replaceAll(/\W/g, '_')}`);
    const until = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
    const words = ['--purpose', purpose, '--reason', 'fault test', '--until', until, '--out', folder];
    const result = await this.run('device', 'add', aeTitle, ...words, ...more);
    assert.equal(result.status, 0, result.stderr);
    return folder;
  }

  target(aeTitle: string): Target {
    const credentials = join(this.folder, `device-${aeTitle.replaceAll(/\W/g, '_')}`);
    return { host: '127.0.0.1', port: this.#port, calling: aeTitle, called: 'LEADGLASS', credentials };
  }

  /** A command on this data folder. */
  run(...arguments_: readonly string[]): Promise<CommandResult> {
    return runCommand([...arguments_, '--data', this.data]);
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL', 10_000);
  }

  /** Asks it to stop; returns exit status and how long it took. */
  async stop(withinMs = 15_000): Promise<{ readonly status: number | null; readonly tookMs: number }> {
    const started = performance.now();
    const status = await this.#end('SIGTERM', withinMs);
    return { status, tookMs: performance.now() - started };
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM', withinMs: number): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return child?.exitCode ?? null;
    const ended = new Promise<void>((done) => child.once('exit', () => done()));
    this.isEnding = true;
    child.kill(signal);
    await Promise.race([ended, sleep(withinMs, undefined, { ref: false })]);
    if (this.isRunning) {
      child.kill('SIGKILL');
      throw new Error(`The server did not end within ${withinMs} ms of ${signal}`);
    }
    return child.exitCode;
  }

  /** Largest resident memory since its start, in MB. */
  peakMemoryMb(): number {
    const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'));
    return Number(match?.[1] ?? Number.NaN) / 1024;
  }

  openSockets(): number {
    const folder = `/proc/${this.pid}/fd`;
    return readdirSync(folder).filter((name) => {
      try {
        return readlinkSync(join(folder, name)).startsWith('socket:');
      } catch {
        return false; // closed meanwhile
      }
    }).length;
  }

  /** Waits until not more sockets are open than `most`; fails with both numbers. */
  async socketsBackTo(most: number, withinMs = 15_000): Promise<void> {
    const until = performance.now() + withinMs;
    while (this.openSockets() > most && performance.now() < until) await sleep(50);
    assert.ok(this.openSockets() <= most, `${this.openSockets()} sockets are open, before there were ${most}`);
  }

  /** `verify` and `ledger verify` are content. */
  async assertSound(): Promise<void> {
    const [archive, ledger] = await Promise.all([this.run('verify'), this.run('ledger', 'verify')]);
    assert.equal(archive.status, 0, archive.stdout + archive.stderr);
    assert.equal(ledger.status, 0, ledger.stdout + ledger.stderr);
  }

  async ledgerRecords(...filters: readonly string[]): Promise<readonly Record<string, unknown>[]> {
    const { stdout, stderr, status } = await this.run('ledger', 'show', '--json', '--rows', '10000', ...filters);
    assert.equal(status, 0, stderr);
    const shown: unknown = JSON.parse(stdout);
    assert.ok(typeof shown === 'object' && shown !== null && 'records' in shown && Array.isArray(shown.records));
    return shown.records;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
