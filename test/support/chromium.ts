/** Debian's Chromium, driven by playwright-core: it reaches loopback only, and what it was told and what went wrong is kept. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findProgram } from './peers.ts';

export interface Seen {
  readonly method: string;
  readonly status: number;
  readonly url: string;
}

/** A server whose certificate counts, with the authority that made it. */
export interface Trusted {
  readonly port: number;
  readonly ca: string;
  /** Folder of the device whose certificate the browser shows to that server. */
  readonly workstation?: string;
}

export interface BrowserOptions {
  /** No WebGL at all, as on a machine without a graphics card. */
  readonly withoutGraphics?: boolean;
  readonly viewport?: { readonly width: number; readonly height: number };
  /** A screen that is touched. */
  readonly isPhone?: boolean;
}

export class BrowserWindow implements AsyncDisposable {
  readonly #browser: Browser;
  readonly page: Page;
  readonly answers: Seen[] = [];
  /** Errors of the console and of scripts, requests without an answer. */
  readonly errors: string[] = [];
  /** Every address that was asked for, also in vain. */
  readonly asked: string[] = [];

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('request', (request) => this.asked.push(request.url()));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // Given up by the page itself: it has another picture to show.
      if (why !== 'net::ERR_ABORTED') this.errors.push(`${why} ${request.url()}`);
    });
    page.on('response', (response) => {
      this.answers.push({ method: response.request().method(), status: response.status(), url: response.url() });
    });
  }

  /** Only certificates of `first` and `others` count, beside loopback's plain servers. */
  static async open(first: Trusted & BrowserOptions, ...others: readonly Trusted[]): Promise<BrowserWindow> {
    const { withoutGraphics = false, viewport = { width: 1280, height: 720 }, isPhone = false } = first;
    const trusted = [first, ...others];
    const browser = await chromium.launch({
      executablePath: findProgram('chromium') ?? 'chromium',
      args: [
        '--no-sandbox',
        // As an administrator would put our authority into the browser, but for these keys and this one process.
        `--ignore-certificate-errors-spki-list=${(await Promise.all(trusted.map(keyDigestOf))).join(',')}`,
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
        ...(withoutGraphics
          ? ['--disable-gpu', '--disable-3d-apis']
          : ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader']),
      ],
    });
    try {
      const phone = isPhone ? { isMobile: true, hasTouch: true } : {};
      const clientCertificates = trusted.flatMap(({ port, workstation }) => {
        if (workstation === undefined) return [];
        const of = (name: string): string => join(workstation, name);
        return [{ origin: `https://localhost:${port}`, certPath: of('cert.pem'), keyPath: of('key.pem') }];
      });
      // Playwright stands between both ends then, with a certificate of its own; that of the server was checked before.
      const certificates = clientCertificates.length === 0 ? {} : { ignoreHTTPSErrors: true, clientCertificates };
      // Without what fades in: a picture or a contrast taken meanwhile would be one of neither state.
      const options = { viewport, ...phone, locale: 'en-GB', reducedMotion: 'reduce', ...certificates } as const;
      return new BrowserWindow(browser, await browser.newPage(options));
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** For people: a picture in the folder of LEADGLASS_SCREENSHOTS, when that is set. */
  async picture(name: string): Promise<void> {
    const folder = process.env['LEADGLASS_SCREENSHOTS'];
    if (folder !== undefined) await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** SHA-256 of the public key that the server shows, after its certificate was checked against the authority. */
async function keyDigestOf({ port, ca }: Trusted): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = tls.connect({ host: 'localhost', port, servername: 'localhost', ca: readFileSync(ca) }, () => {
    const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
    if (key === undefined) reject(new Error('The server shows no certificate'));
    else resolve(createHash('sha256').update(key).digest('base64'));
    socket.destroy();
  });
  socket.on('error', reject);
  return promise;
}

export interface Painted {
  /** Pixels that are not black. */
  readonly lit: number;
  /** Pixels with much more red than green and blue. */
  readonly red: number;
}

/** Runs in a page, which has a decoder of pictures. */
const count = `async (base64) => {
  const bitmap = await createImageBitmap(await (await fetch('data:image/png;base64,' + base64)).blob());
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  let lit = 0;
  let red = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b] = data.subarray(at, at + 3);
    if (r + g + b > 60) lit += 1;
    if (r > 80 && r > 2 * g && r > 2 * b) red += 1;
  }
  return { lit, red };
}`;

/** Counts pixels of what is shown there, as a person sees it. */
export async function painted(page: Page, clip: Area): Promise<Painted> {
  const png = (await page.screenshot({ clip })).toString('base64');
  // On a page of its own: that of the console has a policy that reads no data: address.
  const counting = await page.context().browser()?.newContext();
  try {
    const blank = (await counting?.newPage()) ?? page;
    return await blank.evaluate<Painted>(`(${count})(${JSON.stringify(png)})`);
  } finally {
    await counting?.close();
  }
}

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
