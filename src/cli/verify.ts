/** `leadglass verify` and `leadglass index rebuild`: by the running server, or without one on the data folder itself. */
import type { Command } from 'commander';
import type { CallName } from '../doors/control/control-calls.ts';
import type { ResultOf } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import { quietLog } from '../log.ts';
import type { Context } from './context.ts';
import { exitStatus } from './exit-status.ts';
import { withJson } from './options.ts';
import { counted, formatBytes } from './output.ts';
import type { OfflineLeadglass } from './running.ts';

export function register(program: Command, context: Context): void {
  const { output } = context;
  withJson(program.command('verify'))
    .description('Read every stored instance and check its digest. Works with and without a running server.')
    .addHelpText('after', '\nExit status 0: intact. 1: not, and each problem is named.\n\nExample:\n  leadglass verify')
    .action(async (options: { readonly json?: boolean }) => {
      const report = await onServerOrAlone(context, 'verify', 'verify');
      if (options.json === true) output.json(report);
      else if (report.intact)
        output.line(
          `Intact: ${counted(report.instances, 'instance')}, ${formatBytes(report.bytes)}, every digest checked.`,
        );
      else {
        output.line(
          `NOT intact: ${counted(report.problemCount, 'problem')} in ${counted(report.instances, 'instance')}.`,
        );
        for (const { where, what } of report.problems) output.line(`  ${where}: ${what}`);
        if (report.problemCount > report.problems.length)
          output.line(`  and ${report.problemCount - report.problems.length} more`);
      }
      if (!report.intact) context.exitWith(exitStatus.answerIsNo);
    });
}

/** Asks the running server; when none runs, opens the data folder here for as long as it takes. */
export async function onServerOrAlone<N extends 'verify' | 'indexRebuild'>(
  context: Context,
  command: string,
  name: N & CallName,
): Promise<ResultOf[N]> {
  try {
    return await context.control(command).call<N>(name, {});
  } catch (error) {
    if (
      !(error instanceof LeadglassError) ||
      error.code !== 'BACKEND_UNAVAILABLE' ||
      !error.message.startsWith('No Leadglass server')
    )
      throw error;
  }
  const { output } = context;
  const { openOffline } = await import('../compose.ts');
  await using offline: OfflineLeadglass = await openOffline({
    dataDirectory: context.dataDirectory,
    log: quietLog,
    forRebuild: name === 'indexRebuild',
  });
  return await offline.run(name, {
    caller: { user: context.user },
    command,
    signal: new AbortController().signal,
    progress: ({ done, total, unit }) => output.progress(`${done}${total === undefined ? '' : ` of ${total}`} ${unit}`),
  });
}
