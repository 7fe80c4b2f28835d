/** `leadglass index rebuild`: the index anew from the segments alone. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples, withJson } from './options.ts';
import { counted } from './output.ts';
import { onServerOrAlone } from './verify.ts';

export function register(program: Command, context: Context): void {
  const { output } = context;
  const index = program
    .command('index')
    .description('The index of the archive.')
    .addHelpText('after', examples('leadglass index rebuild'));
  withJson(index.command('rebuild'))
    .description('Make the index anew from the segments alone. Works with and without a running server.')
    .addHelpText('after', '\nExample:\n  leadglass index rebuild')
    .action(async (options: { readonly json?: boolean }) => {
      const rebuilt = await onServerOrAlone(context, 'index rebuild', 'indexRebuild');
      if (options.json === true) output.json(rebuilt);
      else {
        output.line(
          `The index is made anew: ${counted(rebuilt.studies, 'study', 'studies')}, ${counted(rebuilt.instances, 'instance')}.`,
        );
        if (rebuilt.skipped > 0)
          output.line(
            `${counted(rebuilt.skipped, 'record')} could not be read and are left out: "leadglass verify" names them.`,
          );
      }
    });
}
