/** A socket that speaks just enough of the upper layer for load: whole messages out, parsed messages in. */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import {
  acceptedContexts,
  acceptedMaximumLength,
  associateRequest,
  dataPdus,
  parseCommand,
  type ParsedCommand,
  type ProposedContext,
  releaseRequest,
} from './raw-dicom.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly calling: string;
  readonly called: string;
  /** Folder with key.pem, cert.pem and ca.pem; absent means plain. */
  readonly credentials?: string;
  readonly tlsVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly session?: Buffer;
}

/** In the place of a control header: the four bytes that follow an A-RELEASE-RP's header. */
const releaseResponseRest = 0x100;

export interface Message {
  readonly contextId: number;
  readonly command: ParsedCommand;
  /** Only counted, unless `keepData` was asked for. */
  readonly dataBytes: number;
  readonly data: Buffer;
}

export class RawAssociation {
  readonly contexts: ReadonlyMap<number, string>;
  /** True: messages bring their data set along. */
  keepData = false;
  session: Buffer | undefined;
  readonly reused: boolean;
  readonly #socket: net.Socket;
  readonly #maximumLength: number;
  readonly #head = Buffer.alloc(6);
  #headBytes = 0;
  #pduLeft = 0;
  #contextId = 0;
  #control = 0;
  #fragmentLeft = 0;
  #command: Buffer[] = [];
  #data: Buffer[] = [];
  #current: { contextId: number; command: ParsedCommand; dataBytes: number } | undefined;
  #onMessage: (message: Message) => void = () => {};
  #onRelease: () => void = () => {};
  #failed: (error: Error) => void = () => {};

  private constructor(socket: net.Socket, acceptBody: Buffer) {
    this.#socket = socket;
    this.contexts = acceptedContexts(acceptBody);
    this.#maximumLength = acceptedMaximumLength(acceptBody);
    this.reused = socket instanceof tls.TLSSocket && socket.isSessionReused();
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#failed(new Error('closed')));
  }

  static async open(
    target: Target,
    contexts: readonly ProposedContext[],
    scpRoles?: readonly string[],
  ): Promise<RawAssociation> {
    let session: Buffer | undefined;
    const socket = connect(target, (received) => {
      session = received;
    });
    await new Promise<void>((resolve, reject) => {
      socket.once(target.credentials === undefined ? 'connect' : 'secureConnect', resolve);
      socket.once('error', reject);
    });
    socket.setNoDelay(true);
    socket.write(
      associateRequest({
        calling: target.calling,
        called: target.called,
        contexts,
        maximumLength: 131_072,
        ...(scpRoles === undefined ? {} : { scpRoles }),
      }),
    );
    const body = await firstPdu(socket);
    const association = new RawAssociation(socket, body);
    association.session = session;
    return association;
  }

  /** Sends one message; resolves when the socket has room again. */
  async send(contextId: number, command: Buffer, data?: readonly Buffer[]): Promise<void> {
    this.#socket.cork();
    for (const piece of dataPdus(contextId, true, [command], this.#maximumLength)) this.#socket.write(piece);
    let room = true;
    if (data !== undefined) {
      for (const piece of dataPdus(contextId, false, data, this.#maximumLength)) room = this.#socket.write(piece);
    }
    this.#socket.uncork();
    if (!room) await new Promise<void>((resolve) => this.#socket.once('drain', resolve));
  }

  /** The next message; only one waiter at a time. */
  next(): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#onMessage = resolve;
      this.#failed = reject;
    });
  }

  onEveryMessage(take: (message: Message) => void, failed: (error: Error) => void): void {
    this.#onMessage = take;
    this.#failed = failed;
  }

  /** Hangs up without a word. */
  destroy(): void {
    this.#failed = () => undefined;
    this.#socket.destroy();
  }

  async release(): Promise<void> {
    this.#failed = () => this.#onRelease();
    await new Promise<void>((resolve) => {
      this.#onRelease = resolve;
      this.#socket.write(releaseRequest);
    });
    this.#socket.destroy();
  }

  /** Takes bytes as they come; the many of data sets are only counted, so that the generator is not what is measured. */
  #take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#fragmentLeft > 0) {
        const end = Math.min(chunk.length, at + this.#fragmentLeft);
        this.#fragmentBytes(chunk.subarray(at, end));
        this.#fragmentLeft -= end - at;
        at = end;
        if (this.#fragmentLeft === 0) this.#fragmentEnded();
        continue;
      }
      // Six bytes of PDU header, then for each fragment six more (length, context, control).
      const end = Math.min(chunk.length, at + 6 - this.#headBytes);
      chunk.copy(this.#head, this.#headBytes, at, end);
      this.#headBytes += end - at;
      at = end;
      if (this.#headBytes < 6) break;
      this.#headBytes = 0;
      this.#header();
    }
  }

  #header(): void {
    if (this.#pduLeft === 0) {
      const [type] = this.#head;
      if (type === 0x06) {
        this.#fragmentLeft = 4;
        this.#control = releaseResponseRest;
        return;
      }
      if (type !== 0x04) return this.#failed(new Error(`PDU type ${type}`));
      this.#pduLeft = this.#head.readUInt32BE(2);
      return;
    }
    const length = this.#head.readUInt32BE(0);
    this.#contextId = this.#head[4] ?? 0;
    this.#control = this.#head[5] ?? 0;
    this.#fragmentLeft = length - 2;
    this.#pduLeft -= 4 + length;
    if (this.#fragmentLeft === 0) this.#fragmentEnded();
  }

  #fragmentBytes(bytes: Buffer): void {
    if ((this.#control & 1) === 1) this.#command.push(Buffer.from(bytes));
    else if (this.#current !== undefined) {
      this.#current.dataBytes += bytes.length;
      if (this.keepData) this.#data.push(Buffer.from(bytes));
    }
  }

  #fragmentEnded(): void {
    if (this.#control === releaseResponseRest) return this.#onRelease();
    const isLast = (this.#control & 2) === 2;
    if (!isLast) return;
    if ((this.#control & 1) === 1) {
      const command = parseCommand(Buffer.concat(this.#command));
      this.#command = [];
      this.#current = { contextId: this.#contextId, command, dataBytes: 0 };
      if (!command.hasDataSet) this.#finish();
    } else if (this.#current !== undefined) this.#finish();
  }

  #finish(): void {
    const message = this.#current;
    this.#current = undefined;
    const data = Buffer.concat(this.#data);
    this.#data = [];
    if (message !== undefined) this.#onMessage({ ...message, data });
  }
}

/** A socket whose handshake has only begun. */
export function connect(target: Target, onSession: (session: Buffer) => void = () => undefined): net.Socket {
  const { host, port, credentials } = target;
  if (credentials === undefined) return net.connect({ host, port });
  const file = (name: string): Buffer => readFileSync(join(credentials, name));
  const socket = tls.connect({
    host,
    port,
    key: file('key.pem'),
    cert: file('cert.pem'),
    ca: file('ca.pem'),
    servername: 'localhost',
    // The peers show a device's certificate here, which is not meant for servers; what is measured is the transfer.
    rejectUnauthorized: false,
    ...(target.tlsVersion === undefined ? {} : { minVersion: target.tlsVersion, maxVersion: target.tlsVersion }),
    ...(target.session === undefined ? {} : { session: target.session }),
  });
  socket.on('session', onSession);
  return socket;
}

function firstPdu(socket: net.Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let all = Buffer.alloc(0);
    const failed = (): void => reject(new Error('The association was refused or the connection closed'));
    const take = (chunk: Buffer): void => {
      all = Buffer.concat([all, chunk]);
      if (all.length < 6 || all.length < 6 + all.readUInt32BE(2)) return;
      socket.off('data', take);
      socket.off('close', failed);
      if (all[0] !== 0x02) reject(new Error(`No acceptance but PDU type ${all[0]}`));
      else resolve(all.subarray(6));
    };
    socket.on('data', take);
    socket.once('close', failed);
    socket.once('error', failed);
  });
}
