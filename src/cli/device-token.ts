/** `leadglass device token`: a short-lived proof for the web door, for a program that cannot show the device's certificate. */
import type { Command } from 'commander';
import { LeadglassError } from '../error.ts';
import type { Context } from './context.ts';
import { examples, wholeNumber, withJson } from './options.ts';
import { counted, shortInstant } from './output.ts';

interface TokenOptions {
  readonly reason: string;
  readonly minutes?: number;
  readonly opening?: string;
  readonly end?: boolean;
  readonly json?: boolean;
}

export function registerToken(device: Command, context: Context): void {
  withJson(device.command('token <aet>'))
    .description('A short-lived token for DICOMweb, bound to an opening of the device with the web door; shown once.')
    .requiredOption('--reason <text>', 'why, for the ledger')
    .option(
      '--minutes <number>',
      'how long it is good (default: 60, at most 480, never longer than the opening)',
      wholeNumber,
    )
    .option('--opening <name>', 'which opening, where the device has several with the web door')
    .option('--end', 'end all tokens of the device at once')
    .addHelpText(
      'after',
      examples(
        'leadglass device token VIEW1 --reason "Viewer on ward 3" --minutes 30',
        'leadglass device token VIEW1 --reason "tablet lost" --end',
      ),
    )
    .action(async (aeTitle: string, options: TokenOptions) => {
      if (options.end === true) await end(context, aeTitle, options);
      else await make(context, aeTitle, options);
    });
}

async function make(context: Context, aeTitle: string, options: TokenOptions): Promise<void> {
  const { output } = context;
  const { reason, minutes, opening, json } = options;
  const made = await context.control('device token').call('deviceToken', {
    aeTitle,
    reason,
    ...(minutes === undefined ? {} : { minutes }),
    ...(opening === undefined ? {} : { opening }),
  });
  if (json === true) {
    output.json(made);
    return;
  }
  output.line(made.token);
  output.line('');
  output.line(
    `Token ${made.number} of ${made.aeTitle} (opening ${made.opening}), good until ${shortInstant(made.until)}. It is not shown again.`,
  );
  output.line('It goes into the header "Authorization: Bearer TOKEN", never into a URL: those are kept in logs.');
  if (made.baseUrl !== undefined) output.line(`DICOMweb is at ${made.baseUrl}`);
}

async function end(context: Context, aeTitle: string, options: TokenOptions): Promise<void> {
  const { output } = context;
  if (options.minutes !== undefined || options.opening !== undefined) {
    throw new LeadglassError(
      'BAD_REQUEST',
      '--end ends all tokens of the device; it takes no --minutes and no --opening',
    );
  }
  const ended = await context.control('device token').call('deviceTokenEnd', { aeTitle, reason: options.reason });
  if (options.json === true) output.json(ended);
  else output.line(`${ended.aeTitle}: ${counted(ended.tokensEnded, 'token')} ended.`);
}
