/** `leadglass confirmation list|give|refuse`: what a person asked for in the console and a second one has to look at. */
import type { Command } from 'commander';
import { escapeForDisplay } from '../log.ts';
import type { Context } from './context.ts';
import { examples, withJson } from './options.ts';
import { shortInstant, tableLines } from './output.ts';
import { LeadglassError } from '../error.ts';

export function register(program: Command, context: Context): void {
  const confirmation = program
    .command('confirmation')
    .description('What was asked for in the console and waits for a second person.')
    .addHelpText(
      'after',
      examples(
        'leadglass confirmation list',
        'leadglass confirmation give 3',
        'leadglass confirmation refuse 3 --reason "nobody ordered this"',
      ),
    );
  registerList(confirmation, context);
  registerDecisions(confirmation, context);
}

function registerList(confirmation: Command, context: Context): void {
  const { output } = context;
  withJson(confirmation.command('list'))
    .description('Changes to devices, and links for lost factors, that wait.')
    .addHelpText('after', '\nExample:\n  leadglass confirmation list')
    .action(async (options: { readonly json?: boolean }) => {
      const { changes, links } = await context.control('confirmation list').call('confirmationList', {});
      if (options.json === true) {
        output.json({ changes, links });
        return;
      }
      if (changes.length + links.length === 0) output.line('Nothing waits for a second person.');
      if (changes.length > 0) {
        const lines = tableLines(changes, [
          { title: 'NUMBER', value: ({ number }) => number, right: true },
          { title: 'ASKED BY', value: ({ askedBy }) => askedBy },
          { title: 'ASKED', value: ({ askedAt }) => shortInstant(askedAt) },
          { title: 'UNTIL', value: ({ until }) => shortInstant(until) },
          { title: 'WHAT', value: ({ summary, reason }) => (reason === undefined ? summary : `${summary}; ${reason}`) },
        ]);
        for (const line of lines) output.line(line);
      }
      for (const { email, askedBy, until } of links) {
        const text = `A link for ${email} by ${askedBy}, until ${shortInstant(until)}: leadglass account confirm ${email}`;
        output.line(escapeForDisplay(text));
      }
    });
}

function registerDecisions(confirmation: Command, context: Context): void {
  const { output } = context;
  withJson(confirmation.command('give <number>'))
    .description('Confirm a change as the second person: it is done at once.')
    .addHelpText('after', '\nExample:\n  leadglass confirmation give 3')
    .action(async (text: string, options: { readonly json?: boolean }) => {
      const number = numberOf(text);
      const done = await context.control('confirmation give').call('confirmationGive', { number });
      if (options.json === true) output.json(done);
      else output.line(escapeForDisplay(`Done: ${done.summary}.`));
    });
  withJson(confirmation.command('refuse <number>'))
    .description('Refuse a change that waits: nothing of it is done.')
    .requiredOption('--reason <text>', 'why, for the ledger')
    .addHelpText('after', '\nExample:\n  leadglass confirmation refuse 3 --reason "nobody ordered this"')
    .action(async (text: string, { reason, json }: { readonly reason: string; readonly json?: boolean }) => {
      const number = numberOf(text);
      const refused = await context.control('confirmation refuse').call('confirmationRefuse', { number, reason });
      if (json === true) output.json(refused);
      else output.line(escapeForDisplay(`Refused: ${refused.summary}.`));
    });
}

function numberOf(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new LeadglassError('BAD_REQUEST', 'Say the number of the change, as "leadglass confirmation list" shows it');
}
