/** A web server with the faults that scanners look for, to show that they find them: on loopback, for the time of one test. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';

/** `/?id=1` puts its parameter into SQL and into a page. Returns its URL. */
export async function startCarelessServer(t: TestContext): Promise<string> {
  const database = new DatabaseSync(':memory:');
  database.exec("CREATE TABLE rows (id INTEGER, name TEXT); INSERT INTO rows VALUES (1, 'one'), (2, 'two')");
  const server = createServer(({ url = '/' }, response) => {
    const id = new URL(url, 'http://localhost').searchParams.get('id') ?? '1';
    let found: string;
    try {
      found = JSON.stringify(database.prepare(`SELECT name FROM rows WHERE id = ${id}`).all());
    } catch (error) {
      found = String(error);
    }
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(`<html><body><h1>${id}</h1><p>${found}</p><a href="/?id=2">two</a></body></html>`);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
    database.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A listener on TCP has no port');
  return `http://localhost:${address.port}/?id=1`;
}
