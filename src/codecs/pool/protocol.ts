/** What main thread, supervisor and workers say to each other. Types only. */
import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '../../error.ts';
import type { DecodeRequest } from '../decode-frame.ts';
import type { DrawnPicture, DrawRequest } from '../draw-frame.ts';
import type { EncodeRequest } from '../encode-frame.ts';
import type { CodecLimits, DecodedFrame, EncodedFrame } from '../frame.ts';
import type { WasmModules } from '../wasm-modules.ts';

export interface WorkerLimits extends CodecLimits {
  /** Of one worker's JavaScript. */
  readonly heapMiBMax: number;
  readonly stackMiBMax: number;
}

export interface SupervisorSetup {
  /** supervisor.ts, a file URL. */
  readonly supervisorModule: string;
  /** Orders and news; what the thread hears by itself only wakes it. */
  readonly orders: MessagePort;
  /** The module that workers run, a file URL. */
  readonly workerModule: string;
  readonly limits: WorkerLimits;
}

/** Main thread to supervisor. The port is a worker's own line to the main thread. */
export type SupervisorOrder =
  | { readonly order: 'start'; readonly worker: number; readonly port: MessagePort }
  | { readonly order: 'stop'; readonly worker: number };

/** Supervisor to main thread. */
export interface SupervisorNews {
  readonly news: 'exited';
  readonly worker: number;
  /** Node's code for it; undefined when it was stopped or ended by itself. */
  readonly reason: string | undefined;
}

export interface WorkerSetup {
  readonly port: MessagePort;
  readonly modules: WasmModules;
  /** The font's file, in memory that all workers share. */
  readonly font: Uint8Array;
  readonly limits: CodecLimits;
}

export type Job =
  | { readonly kind: 'decode'; readonly request: DecodeRequest }
  | { readonly kind: 'encode'; readonly request: EncodeRequest }
  | { readonly kind: 'draw'; readonly request: DrawRequest };

/** What a job comes to. */
export type Outcome = DecodedFrame | EncodedFrame | DrawnPicture;

/** Main thread to worker: one at a time. */
export interface JobMessage {
  readonly id: number;
  readonly job: Job;
}

/** Worker to main thread, which believes none of it before it has looked (answer.ts). */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'decoded'; readonly id: number; readonly frame: DecodedFrame }
  | { readonly kind: 'encoded'; readonly id: number; readonly frame: EncodedFrame }
  | { readonly kind: 'drawn'; readonly id: number; readonly frame: DrawnPicture }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly detail: string | undefined;
    };
