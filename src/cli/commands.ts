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
  opening: { summary: 'list, close, export and apply openings', load: () => import('./opening.ts') },
};
