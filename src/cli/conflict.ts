/** `leadglass conflict list|resolve`: instances that arrived under a known UID with other content, and were kept aside. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { LeadglassError } from '../error.ts';
import type { Context } from './context.ts';
import { examples, wholeNumber, withJson } from './options.ts';
import { shortInstant, tableLines } from './output.ts';

export function register(program: Command, context: Context): void {
  const { output } = context;
  const conflict = program
    .command('conflict')
    .description('Decide about instances that were kept aside.')
    .addHelpText(
      'after',
      examples(
        'leadglass conflict list',
        'leadglass conflict resolve 3 --keep stored --reason "the modality sent a test image"',
      ),
    );
  withJson(conflict.command('list'))
    .description(
      'Instances whose UID was known with other content. The stored one stays in use until somebody decides.',
    )
    .option('--rows <number>', 'at most so many', wholeNumber, 200)
    .addHelpText('after', '\nExample:\n  leadglass conflict list')
    .action(async (options: { readonly rows: number; readonly json?: boolean }) => {
      const found = await context.control('conflict list').call('conflictList', { rows: options.rows });
      if (options.json === true) output.json(found);
      else if (found.conflicts.length === 0) output.line('Nothing to decide: no instance is kept aside.');
      else {
        const lines = tableLines(found.conflicts, [
          { title: 'ID', value: ({ id }) => id, right: true },
          { title: 'ARRIVED', value: ({ arrivedAt }) => shortInstant(arrivedAt) },
          { title: 'FROM', value: ({ from }) => from },
          { title: 'STORED SHA-256', value: ({ storedSha256 }) => storedSha256.slice(0, 12) },
          { title: 'ARRIVED SHA-256', value: ({ arrivedSha256 }) => arrivedSha256.slice(0, 12) },
          { title: 'SOP INSTANCE UID', value: ({ sopInstanceUid }) => sopInstanceUid },
        ]);
        for (const line of lines) output.line(line);
        output.line('Decide with: leadglass conflict resolve ID --keep stored|arrived --reason TEXT');
      }
    });
  withJson(conflict.command('resolve <id>'))
    .description('Keep the stored or the arrived one.')
    .addOption(new Option('--keep <which>', 'which one stays').choices(['stored', 'arrived']).makeOptionMandatory())
    .requiredOption('--reason <text>', 'why')
    .addHelpText(
      'after',
      '\nExample:\n  leadglass conflict resolve 3 --keep stored --reason "the modality sent a test image"',
    )
    .action(
      async (
        id: string,
        options: { readonly keep: 'stored' | 'arrived'; readonly reason: string; readonly json?: boolean },
      ) => {
        if (!/^\d{1,15}$/.test(id))
          throw new LeadglassError('BAD_REQUEST', 'The id is a number: see "leadglass conflict list"');
        const resolved = await context
          .control('conflict resolve')
          .call('conflictResolve', { id: Number(id), keep: options.keep, reason: options.reason });
        if (options.json === true) output.json(resolved);
        else output.line(`Conflict ${resolved.id}: the ${resolved.kept} one stays.`);
      },
    );
}
