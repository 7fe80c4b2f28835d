/**
 * Leadglass as its users have it: `bin/leadglass serve` in a process of its own, with a new data folder and free ports, and
 * its other commands beside it. Ends only what it started, also when a test fails.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { end, type Ran, runProgram } from './programs.ts';

export const leadglassCommand = resolve(import.meta.dirname, '../../bin/leadglass');

export type Purpose =
  | 'acquisition'
  | 'reading'
  | 'exchange'
  | 'archive'
  | 'workstation-reading'
  | 'workstation-exchange'
  | 'workstation-administration';

/** What `device add --out` made. */
export interface Device {
  readonly aeTitle: string;
  readonly folder: string;
  /** The options of DCMTK's tools for this device's certificate, as commands.md shows them. */
  readonly dcmtkTls: readonly string[];
}

/** A record as `ledger show --json` prints it. */
export interface LedgerRow {
  readonly seq: number;
  readonly event: string;
  readonly outcome: string;
  readonly who: string;
  readonly from?: string;
  readonly opening?: string;
  readonly patientIds: readonly string[];
  readonly studyInstanceUids: readonly string[];
  readonly reason?: string;
}

/** YYYY-MM-DD, so many days from now. */
export function day(daysFromNow: number): string {
  return new Date(Date.now() + daysFromNow * 86_400_000).toISOString().slice(0, 10);
}

const freePorts = 'doors:\n  dimse: { port: 0 }\n  console: { port: 0 }\n';

export class Leadglass implements AsyncDisposable {
  /** For whatever the test needs; removed at the end. */
  readonly scratch = mkdtempSync(join(tmpdir(), 'leadglass-journey-'));
  readonly data = join(this.scratch, 'data');
  #child: ChildProcess | undefined;
  /** Standard output of the last start. */
  startText = '';
  /** Standard error of all starts. */
  log = '';
  port = 0;
  consolePort = 0;

  /** `config` is YAML: what follows the doors, or all of it when it names doors itself. */
  static async start({ config }: { readonly config?: string } = {}): Promise<Leadglass> {
    const leadglass = new Leadglass();
    try {
      mkdirSync(leadglass.data, { mode: 0o700 });
      const text = config?.includes('doors:') === true ? config : freePorts + (config ?? '');
      writeFileSync(join(leadglass.data, 'leadglass.yaml'), text, { mode: 0o600 });
      await leadglass.start();
      return leadglass;
    } catch (error) {
      await leadglass[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves when both doors are open. */
  async start(): Promise<void> {
    const child = spawn(leadglassCommand, ['serve', '--data', this.data], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.startText = '';
    await new Promise<void>((done, failed) => {
      child.stderr.on('data', (chunk: Buffer) => {
        this.log += chunk.toString();
      });
      child.stdout.on('data', (chunk: Buffer) => {
        this.startText += chunk.toString();
        if (this.startText.includes('Ctrl-C stops it')) done();
      });
      child.once('exit', (code, signal) =>
        failed(new Error(`The server ended (${code ?? signal}) before its doors were open:\n${this.log}`)),
      );
    });
    this.port = Number(/:(\d+) \(DICOM over TLS\)/.exec(this.startText)?.[1]);
    this.consolePort = Number(/https:\/\/localhost:(\d+)/.exec(this.startText)?.[1]);
  }

  /** Asks it to stop, as `kill` or a service manager does; returns its exit status. */
  async stop(): Promise<number | null> {
    return this.#child === undefined ? null : await end(this.#child, 15_000);
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get address(): string {
    return `localhost:${this.port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** One command on this data folder. */
  run(...parameters: readonly string[]): Promise<Ran> {
    return runProgram(leadglassCommand, [...parameters, '--data', this.data], { timeoutMs: 60_000 });
  }

  /** One command that must succeed. */
  async succeed(...parameters: readonly string[]): Promise<Ran> {
    const ran = await this.run(...parameters);
    assert.equal(ran.status, 0, `leadglass ${parameters.join(' ')}: status ${ran.status}\n${ran.output}`);
    return ran;
  }

  /** What a command prints with `--json`. */
  async json<T>(...parameters: readonly string[]): Promise<T> {
    return parseJson<T>(await this.succeed(...parameters, '--json'));
  }

  /** `device add`, until 20 days from now unless `more` says otherwise. */
  async enrol(aeTitle: string, purpose: Purpose, ...more: readonly string[]): Promise<Device> {
    const folder = join(this.scratch, aeTitle.toLowerCase().replaceAll(/\W/g, '_'));
    const until = more.includes('--until') ? [] : ['--until', day(20)];
    const words = ['--purpose', purpose, '--reason', 'acceptance test', ...until, '--out', folder, ...more];
    await this.succeed('device', 'add', aeTitle, ...words);
    return { aeTitle, folder, dcmtkTls: dcmtkTls(folder) };
  }

  /** The newest records first. */
  async ledger(...filters: readonly string[]): Promise<readonly LedgerRow[]> {
    const { records } = await this.json<{ readonly records: readonly LedgerRow[] }>(
      ...['ledger', 'show', '--rows', '5000'],
      ...filters,
    );
    return records;
  }

  /** A folder of this name that is not there yet. */
  path(name: string): string {
    return join(this.scratch, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined) await end(this.#child, 5_000);
    rmSync(this.scratch, { recursive: true, force: true });
  }
}

/** What a command printed with `--json`; the caller says which shape the command documents. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- an assertion in one place
export function parseJson<T>({ stdout }: Pick<Ran, 'stdout'>): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said
  return JSON.parse(stdout) as T;
}

export function dcmtkTls(folder: string): readonly string[] {
  return ['+tls', join(folder, 'key.pem'), join(folder, 'cert.pem'), '+cf', join(folder, 'ca.pem')];
}
