/** `leadglass client add|list|show|remove`: the programs that may act for people who sign in here (OAuth 2.0). */
import type { Command } from 'commander';
import type { ClientView } from '../doors/control/control-services.ts';
import { escapeForDisplay } from '../log.ts';
import type { Context } from './context.ts';
import { collect, examples, isoDay, withJson } from './options.ts';
import { factLines, shortInstant, tableLines } from './output.ts';

interface AddOptions {
  readonly redirect: readonly string[];
  readonly scope?: string;
  readonly title?: string;
  readonly until: string;
  readonly reason: string;
  readonly json?: boolean;
}

export function register(program: Command, context: Context): void {
  const { output } = context;
  const client = program
    .command('client')
    .description(
      'Other viewers and programs, which a person may let act in his or her name for a few minutes at a time.',
    )
    .addHelpText(
      'after',
      examples(
        'leadglass client add ohif --title "OHIF viewer" --redirect https://viewer.hospital.example/callback --until 2027-06-30 --reason "viewer of the wards"',
        'leadglass client list',
        'leadglass client remove ohif --reason "replaced"',
      ),
    );
  withJson(client.command('add <name>'))
    .description('Register a program; prints what to type into it. It gets no secret and no right of its own.')
    .requiredOption(
      '--redirect <uri>',
      'where people come back to, complete: https, or http on 127.0.0.1; repeatable',
      collect,
    )
    .option('--scope <scope>', 'the most it may ask for (default: user/ImagingStudy.rs; c stores, r reads, s searches)')
    .option('--title <text>', 'what people read when they are asked (default: the name)')
    .requiredOption('--until <date>', 'last day, YYYY-MM-DD', isoDay)
    .requiredOption('--reason <text>', 'why, for the ledger')
    .addHelpText(
      'after',
      examples(
        'leadglass client add ohif --redirect https://viewer.hospital.example/callback --until 2027-06-30 --reason "viewer of the wards"',
      ),
    )
    .action(async (name: string, { redirect, json, ...given }: AddOptions) => {
      const added = await context
        .control('client add')
        .call('clientAdd', { name, redirectUris: [...redirect], ...given });
      if (json === true) output.json(added);
      else for (const line of clientLines(added)) output.line(line);
    });
  withJson(client.command('list'))
    .description('The registered programs, with their end and last use.')
    .option('--all', 'removed ones, too')
    .addHelpText('after', examples('leadglass client list'))
    .action(async ({ all, json }: { readonly all?: boolean; readonly json?: boolean }) => {
      const clients = await context.control('client list').call('clientList', { all: all === true });
      if (json === true) output.json({ clients, more: false });
      else if (clients.length === 0)
        output.line('No program may act for people; "leadglass client add" registers one.');
      else for (const line of clientTable(clients)) output.line(line);
    });
  withJson(client.command('show <name>'))
    .description('One program in full, with what to type into it.')
    .addHelpText('after', examples('leadglass client show ohif'))
    .action(async (name: string, { json }: { readonly json?: boolean }) => {
      const shown = await context.control('client show').call('clientShow', { name });
      if (json === true) output.json(shown);
      else for (const line of clientLines(shown)) output.line(line);
    });
  withJson(client.command('remove <name>'))
    .description('Remove a program and end its tokens at once, also for requests under way.')
    .requiredOption('--reason <text>', 'why, for the ledger')
    .addHelpText('after', examples('leadglass client remove ohif --reason "replaced"'))
    .action(async (name: string, { reason, json }: { readonly reason: string; readonly json?: boolean }) => {
      const removed = await context.control('client remove').call('clientRemove', { name, reason });
      if (json === true) output.json(removed);
      else output.line(`${escapeForDisplay(removed.name)} is removed; its tokens have ended.`);
    });
}

export function clientTable(clients: readonly ClientView[]): readonly string[] {
  return tableLines(clients, [
    { title: 'CLIENT', value: ({ name }) => name },
    { title: 'TITLE', value: ({ title }) => title },
    { title: 'MAY ASK FOR', value: ({ scope }) => scope },
    { title: 'UNTIL', value: ({ until }) => shortInstant(until) },
    { title: 'LAST USED', value: ({ lastUsedAt }) => shortInstant(lastUsedAt) || 'never' },
    { title: 'MARK', value: ({ state }) => (state === 'open' ? '' : state) },
  ]);
}

function clientLines(client: ClientView): readonly string[] {
  const { name, title, redirectUris, scope, issuer, resource, until, lastUsedAt, reason, owner, state } = client;
  return factLines([
    ['client_id', name],
    ['title', title],
    ['redirect_uri', redirectUris.join(', ')],
    ['scope', `${scope} (with openid and online_access, where the program knows them)`],
    ['issuer', issuer ?? 'the web door is closed'],
    ['DICOMweb', resource ?? 'the web door is closed'],
    ['flow', 'authorization code with PKCE (S256), no client secret'],
    ['until', `${shortInstant(until)}${state === 'open' ? '' : `, ${state}`}`],
    ['last used', shortInstant(lastUsedAt) || 'never'],
    ['reason', `${reason} (${owner})`],
  ]);
}
