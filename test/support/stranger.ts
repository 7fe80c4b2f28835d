/**
 * A caller that Leadglass does not know, or not like this: any certificate or none, any AE titles, any address of this
 * machine. Keeps every byte that it learns.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { associateRequest, type ProposedContext } from '../../bench/support/raw-dicom.ts';

export interface StrangerFacts {
  readonly port: number;
  /** Paths of PEM files. */
  readonly key?: string;
  readonly cert?: string;
  readonly calling?: string;
  readonly called?: string;
  /** The address that it comes from. */
  readonly from?: string;
  readonly contexts?: readonly ProposedContext[];
  /** A whole A-ASSOCIATE-RQ instead of one with these titles. */
  readonly request?: Buffer;
}

export interface Learnt {
  /** What came as application data, all of it. */
  readonly bytes: Buffer;
  /** `result/source/reason` when it is an A-ASSOCIATE-RJ (PS3.8 9.3.4). */
  readonly rejection: string | undefined;
  readonly isAccepted: boolean;
}

export const verification = {
  id: 1,
  abstractSyntax: '1.2.840.10008.1.1',
  transferSyntaxes: ['1.2.840.10008.1.2'],
} as const;

/** Asks for an association and tells what it learnt until the other side hung up, or for three seconds. */
export async function knock(facts: StrangerFacts): Promise<Learnt> {
  const { port, calling = 'STRANGER', called = 'LEADGLASS', contexts = [verification] } = facts;
  const socket = tls.connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    rejectUnauthorized: false,
    ...(facts.key === undefined ? {} : { key: readFileSync(facts.key) }),
    ...(facts.cert === undefined ? {} : { cert: readFileSync(facts.cert) }),
    ...(facts.from === undefined ? {} : { localAddress: facts.from }),
  });
  const chunks: Buffer[] = [];
  const over = new Promise<void>((done) => {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      // Nothing follows a whole answer until we speak; after a rejection it is ours to close (PS3.8 9.2, state 13).
      const all = Buffer.concat(chunks);
      if (all.length >= 6 && all.length >= 6 + all.readUInt32BE(2)) setTimeout(done, 50);
    });
    socket.on('error', () => done());
    socket.on('close', () => done());
  });
  socket.once('secureConnect', () => {
    socket.write(facts.request ?? associateRequest({ calling, called, contexts, maximumLength: 16_384 }));
  });
  await Promise.race([over, sleep(3_000, undefined, { ref: false })]);
  socket.destroy();
  const bytes = Buffer.concat(chunks);
  return {
    bytes,
    rejection: bytes[0] === 0x03 && bytes.length === 10 ? `${bytes[7]}/${bytes[8]}/${bytes[9]}` : undefined,
    isAccepted: bytes[0] === 0x02,
  };
}
