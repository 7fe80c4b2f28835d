/**
 * TLS for tools that have none (getscu and movescu of DCMTK 3.6.7): takes plain connections on loopback and passes them on
 * with a device's certificate, as stunnel does.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import tls from 'node:tls';

export interface TunnelTarget {
  /** Folder with key.pem, cert.pem and ca.pem. */
  readonly folder: string;
  readonly port: number;
  /** Only this one. */
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
}

/** Returns the plain port; closed with the test. */
export async function startTunnel(t: TestContext, { folder, port, version }: TunnelTarget): Promise<number> {
  const file = (name: string): Buffer => readFileSync(join(folder, name));
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (plain) => {
    const secure = tls.connect({
      host: 'localhost',
      port,
      key: file('key.pem'),
      cert: file('cert.pem'),
      ca: file('ca.pem'),
      ...(version === undefined ? {} : { minVersion: version, maxVersion: version }),
    });
    secure.setNoDelay(true);
    for (const [socket, other] of [
      [plain, secure],
      [secure, plain],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A listener on TCP has no port');
  return address.port;
}
