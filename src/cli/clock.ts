/** `leadglass clock accept`: a person says that the clock is right although it went backwards; devices are admitted again. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples, withJson } from './options.ts';

export function register(program: Command, context: Context): void {
  const { output } = context;
  const clock = program
    .command('clock')
    .description('Decide about a clock that went backwards.')
    .addHelpText('after', examples('leadglass clock accept --reason "NTP corrected a wrong date at installation"'));
  withJson(clock.command('accept'))
    .description('Admit devices again: the clock of this machine is right although it went backwards.')
    .requiredOption('--reason <text>', 'why, for the ledger')
    .addHelpText(
      'after',
      '\nOpenings that ended in the time that was taken back are open again until they end anew; look at them first.\n\nExample:\n  leadglass clock accept --reason "NTP corrected a wrong date at installation"',
    )
    .action(async (options: { readonly reason: string; readonly json?: boolean }) => {
      const accepted = await context.control('clock accept').call('clockAccept', { reason: options.reason });
      if (options.json === true) output.json(accepted);
      else output.line('The clock is taken as right; devices are admitted.');
    });
}
