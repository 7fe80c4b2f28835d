/**
 * The command line's way in: finds the command's file, runs it, and turns every end into one clear line and an exit
 * status. What commands do stands in cli/, one file each.
 */
import { Command, CommanderError } from 'commander';
import { commands } from './cli/commands.ts';
import { contextOf } from './cli/context.ts';
import { exitStatus, exitStatusOf } from './cli/exit-status.ts';
import { Interruption } from './cli/interruption.ts';
import { withoutDataFolder } from './cli/data-folder.ts';
import { examples } from './cli/options.ts';
import { processOutput } from './cli/output.ts';
import { packageVersion } from './cli/package-version.ts';
import { nearest } from './config/nearest.ts';
import { LeadglassError, asLeadglassError } from './error.ts';
import { limits } from './limits.ts';

/** Runs one command; `arguments_` are what follows the program's name. Returns the exit status. */
async function main(arguments_: readonly string[], interruption: Interruption): Promise<number> {
  const output = processOutput();
  let status: number = exitStatus.done;
  const context = contextOf(output, {
    interruption,
    exitWith: (wanted) => {
      status = Math.max(status, wanted);
    },
  });
  const program = new Command('leadglass')
    .description('A DICOM server that is closed until somebody opens it.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('--data <dir>', 'data folder (else LEADGLASS_DATA, else ./leadglass-data)')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('Type it with --help for the options and examples.')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      examples(
        'leadglass serve',
        'leadglass status',
        'leadglass device add CT1 --purpose acquisition --reason "CT, room 1" --until 2027-06-30 --out ct1',
        'leadglass send localhost:2762 --as ct1 images/',
        'leadglass device --help',
      ) +
        '\n\nEach command has --help with examples. Exit status: 0 done, 1 the answer is no, 2 wrong use, 3 could not run.',
    );
  const wanted = arguments_.find((argument) => !argument.startsWith('-'));
  const entry = wanted !== undefined && Object.hasOwn(commands, wanted) ? commands[wanted] : undefined;
  try {
    if (entry !== undefined) (await entry.load()).register(program, context);
    else {
      for (const [name, { summary }] of Object.entries(commands)) program.command(name).description(summary);
      if (wanted !== undefined) {
        const meant = nearest(wanted, Object.keys(commands));
        const hint = meant === undefined ? 'See leadglass --help.' : `Did you mean "${meant}"?`;
        throw new LeadglassError('BAD_REQUEST', `There is no command "${wanted}". ${hint}`);
      }
      if (arguments_.length === 0) {
        program.outputHelp();
        return exitStatus.wrongUse;
      }
    }
    await program.parseAsync(arguments_, { from: 'user' });
    return status;
  } catch (thrown) {
    // commander has printed its own line already.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitStatus.done : exitStatus.wrongUse;
    const error = asLeadglassError(thrown);
    output.note(`leadglass: ${error.message}`);
    if (!(thrown instanceof LeadglassError)) output.note(stackOf(thrown));
    return Math.max(status, exitStatusOf[error.code] ?? exitStatus.couldNotRun);
  } finally {
    output.progress(undefined);
  }
}

/** A mistake of ours: whoever reports it needs the place. */
function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

// A reader that closes the pipe (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitStatus.done);
  throw error;
});
const interruption = new Interruption();
process.exitCode = await main(withoutDataFolder(process.argv.slice(2)), interruption);
// Who interrupts does not wait for a peer that keeps its side of an ended connection open.
if (interruption.happened) setTimeout(() => process.exit(), limits.interruptedLingerMs).unref();
