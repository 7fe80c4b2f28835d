/** Every command by name, with the one file that holds it. Only that file is loaded, so that a command starts quickly. */
import type { Command } from 'commander';
import type { Context } from './context.ts';

export interface CommandModule {
  /** Adds the command with its options, help and action to the program. */
  readonly register: (program: Command, context: Context) => void;
}
export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

export const commands: Readonly<Record<string, CommandEntry>> = {
  serve: { summary: 'run the server', load: () => import('./serve.ts') },
  status: { summary: 'doors, openings, stored studies, ledger, warnings', load: () => import('./status.ts') },
  config: { summary: 'check or show the configuration', load: () => import('./config.ts') },
  device: { summary: 'enrol, list, renew and revoke devices', load: () => import('./device.ts') },
  account: { summary: 'invite, list, disable and reset accounts of people', load: () => import('./account.ts') },
  emergency: { summary: 'look at and review emergency access', load: () => import('./emergency.ts') },
  confirmation: { summary: 'what waits for a second person; say yes or no', load: () => import('./confirmation.ts') },
  client: { summary: 'register, list and remove programs that act for people', load: () => import('./client.ts') },
  opening: { summary: 'list, close, export and apply openings', load: () => import('./opening.ts') },
  import: { summary: 'import files, folders and DICOMDIR media', load: () => import('./import.ts') },
  study: { summary: 'list, show, export, remove and release studies', load: () => import('./study.ts') },
  conflict: { summary: 'decide about instances that were kept aside', load: () => import('./conflict.ts') },
  verify: { summary: 'read every stored instance and check its digest', load: () => import('./verify.ts') },
  index: { summary: 'make the index anew from the segments', load: () => import('./index-rebuild.ts') },
  clock: { summary: 'take a clock that went backwards as right', load: () => import('./clock.ts') },
  ledger: { summary: 'show and verify the audit trail', load: () => import('./ledger.ts') },
  echo: { summary: 'C-ECHO: is a peer there, and does it take us?', load: () => import('./echo.ts') },
  send: { summary: 'C-STORE: send files, folders and media', load: () => import('./send.ts') },
  find: { summary: 'C-FIND: which patients, studies, series or images match', load: () => import('./find.ts') },
  get: { summary: 'C-GET: fetch instances into a folder', load: () => import('./get.ts') },
  move: { summary: 'C-MOVE: have instances sent to a third AE', load: () => import('./move.ts') },
  deidentify: { summary: 'files without what tells whose they are', load: () => import('./deidentify.ts') },
  demo: { summary: 'synthetic studies in, found, fetched back and compared', load: () => import('./demo/demo.ts') },
};
