/** A reading room: the real server with studies in it, a physician who signs in with a passkey, and the viewer in Chromium. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { BrowserWindow } from './chromium.ts';
import { writeDemoStudies } from './demo-studies.ts';
import { Leadglass } from './leadglass.ts';
import { addAuthenticator, enrolByPasskey } from './passkeys.ts';

export class ViewerRoom implements AsyncDisposable {
  readonly leadglass: Leadglass;
  readonly browser: BrowserWindow;
  /** Study Instance UIDs by their description. */
  readonly studies: ReadonlyMap<string, string>;

  private constructor(leadglass: Leadglass, browser: BrowserWindow, studies: ReadonlyMap<string, string>) {
    this.leadglass = leadglass;
    this.browser = browser;
    this.studies = studies;
  }

  /** @param files more DICOM files, written into the folder that is given */
  static async open(options: RoomOptions = {}): Promise<ViewerRoom> {
    const leadglass = await Leadglass.start();
    try {
      const sent = leadglass.path('studies');
      writeDemoStudies(sent, 'viewer');
      options.files?.(sent);
      const { folder } = await leadglass.enrol('CT1', 'archive');
      await leadglass.succeed('send', leadglass.address, sent, '--as', folder);
      const browser = await BrowserWindow.open({
        port: leadglass.consolePort,
        ca: join(folder, 'ca.pem'),
        ...(options.browser ?? {}),
      });
      await signIn(leadglass, browser.page, options.role ?? 'physician');
      const listed = await browser.page.evaluate(
        "fetch('/dicom-web/studies?includefield=StudyDescription', { headers: { accept: 'application/dicom+json' } }).then((answer) => answer.json())",
      );
      const studies = new Map<string, string>();
      for (const study of Object.values(Object(listed))) {
        const text = (tag: string): string => String(Object(study)[tag]?.Value?.[0] ?? '');
        studies.set(text('00081030'), text('0020000D'));
      }
      browser.errors.length = 0;
      return new ViewerRoom(leadglass, browser, studies);
    } catch (error) {
      await leadglass[Symbol.asyncDispose]();
      throw error;
    }
  }

  get page(): Page {
    return this.browser.page;
  }

  study(description: string): string {
    const uid = this.studies.get(description);
    assert.ok(uid !== undefined, `no study ${description}; there are ${[...this.studies.keys()].join(', ')}`);
    return uid;
  }

  /** By the address, as a link of a colleague would. */
  async view(description: string): Promise<void> {
    await this.page.goto(`https://localhost:${this.leadglass.consolePort}/studies/${this.study(description)}/viewer`);
    await this.page.locator('.v-surface[data-shown]').first().waitFor();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser[Symbol.asyncDispose]();
    await this.leadglass[Symbol.asyncDispose]();
  }
}

export interface RoomOptions {
  readonly files?: (folder: string) => void;
  readonly role?: string;
  readonly browser?: {
    readonly withoutGraphics?: boolean;
    readonly viewport?: { width: number; height: number };
    readonly isPhone?: boolean;
  };
}

async function signIn(leadglass: Leadglass, page: Page, role: string): Promise<void> {
  await addAuthenticator(page);
  const invite = ['account', 'invite', 'ada@hospital.example', '--role', role, '--name', 'Ada Quist'];
  const { link } = await leadglass.json<{ link: string }>(...invite);
  await page.goto(link);
  await enrolByPasskey(page);
  await page.getByRole('heading', { level: 1, name: 'Studies' }).waitFor();
}
