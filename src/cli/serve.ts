/** `leadglass serve`: runs the server until it is told to stop. `npm start` runs this. */
import { chmodSync, existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/config.ts';
import { LeadglassError, asLeadglassError } from '../error.ts';
import { createLog } from '../log.ts';
import type { Log } from '../log.ts';
import type { Context } from './context.ts';
import { exitStatus } from './exit-status.ts';
import { counted, factLines } from './output.ts';
import type { RunningLeadglass } from './running.ts';

export function register(program: Command, context: Context): void {
  program
    .command('serve')
    .description(
      'Run the server. The first start makes the data folder, keys and certificates, and opens nothing to anybody.',
    )
    .option('--config <file>', 'configuration file (default: leadglass.yaml in the data folder)')
    .addHelpText(
      'after',
      '\nExamples:\n  leadglass serve\n  leadglass serve --data /srv/leadglass --config /etc/leadglass.yaml\n\nCtrl-C or SIGTERM stops cleanly; a second one stops at once.',
    )
    .action(async (options: { readonly config?: string }) => {
      await serve(context, options.config === undefined ? undefined : resolve(options.config));
    });
}

async function serve(context: Context, configFile: string | undefined): Promise<void> {
  const { dataDirectory, output } = context;
  makePrivate(dataDirectory, (text) => output.note(text));
  const { config, file, written } = loadConfig({ dataDirectory, configFile, writeMissing: true });
  const log = logOf(config);
  if (written) log.info('config.written', { file });
  watchForMistakes(log);
  const stop = stopRequest();
  // Loaded late, so that a wrong configuration is told without waiting for the whole house.
  const { startLeadglass } = await import('../compose.ts');
  const running: RunningLeadglass = await startLeadglass({
    dataDirectory,
    ...(configFile === undefined ? {} : { configFile }),
    log,
  });
  for (const line of startText(running, { dataDirectory, file })) output.line(line);
  log.info('server.started', { doors: running.doors.length, openings: running.openings });
  const reason = await stop;
  log.info('server.stopping', { reason });
  process.once('SIGINT', exitAtOnce).once('SIGTERM', exitAtOnce);
  await running.stop();
  log.info('server.stopped');
  // Nothing may keep a stopped server alive, such as a peer's half-open socket.
  process.exit(exitStatus.done);
}

/** The data folder belongs to one user. bin/leadglass makes it so; an older folder may have been opened to others. */
function makePrivate(dataDirectory: string, note: (text: string) => void): void {
  if (!existsSync(dataDirectory)) {
    throw new LeadglassError(
      'NOT_FOUND',
      `There is no data folder ${dataDirectory}; start the server with bin/leadglass, which makes it`,
    );
  }
  const facts = statSync(dataDirectory);
  if (!facts.isDirectory()) throw new LeadglassError('BAD_REQUEST', `${dataDirectory} is not a folder`);
  if (process.getuid !== undefined && facts.uid !== process.getuid()) {
    throw new LeadglassError(
      'BAD_REQUEST',
      `The data folder ${dataDirectory} belongs to another user (uid ${facts.uid}); run the server as that user`,
    );
  }
  if ((facts.mode & 0o077) !== 0) {
    chmodSync(dataDirectory, 0o700);
    note(`The data folder ${dataDirectory} could be read by others; it is its owner's alone now.`);
  }
}

function logOf(config: Config): Log {
  const format = config.log.format === 'auto' ? (process.stderr.isTTY ? 'text' : 'json') : config.log.format;
  return createLog({ level: config.log.level, format, write: (line) => process.stderr.write(`${line}\n`) });
}

function stopRequest(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve('SIGINT')).once('SIGTERM', () => resolve('SIGTERM'));
  });
}

function exitAtOnce(): void {
  // Acknowledged data is safe at any moment (rule 3); the next start cuts a torn tail.
  process.exit(exitStatus.couldNotRun);
}

/**
 * The last net. A socket that broke after everybody let go of it is the peer's doing and changes nothing here, so the
 * server goes on. Anything else is a mistake of ours in an unknown state: the process ends, and the store's crash safety
 * counts on the next start.
 */
function watchForMistakes(log: Log): void {
  process.on('uncaughtException', (thrown) => {
    if (isStraySocketError(thrown)) {
      log.warn('server.stray-socket-error', { code: 'code' in thrown ? String(thrown.code) : '' });
      return;
    }
    const error = asLeadglassError(thrown);
    log.error('server.failed', { code: error.code, message: error.message, detail: error.detail, stack: thrown.stack });
    process.stderr.write(
      'leadglass: ended by a mistake of its own; the line above says where. What was acknowledged is safe.\n',
    );
    process.exit(exitStatus.couldNotRun);
  });
}

const socketSyscalls: ReadonlySet<unknown> = new Set(['read', 'write', 'shutdown']);
const socketCodes: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
export function isStraySocketError(thrown: object): boolean {
  return 'syscall' in thrown && 'code' in thrown && socketSyscalls.has(thrown.syscall) && socketCodes.has(thrown.code);
}

/** What a start prints: what is open, how many openings, and what to type next. */
export function startText(
  running: RunningLeadglass,
  places: { readonly dataDirectory: string; readonly file: string },
): string[] {
  const lines = [
    running.firstStart ? 'Leadglass is running: first start, keys and certificates are made.' : 'Leadglass is running.',
    '',
    ...factLines([
      ...running.doors.map((door) => [door.name, doorText(door)] as const),
      [
        'openings',
        `${counted(running.openings, 'opening')}${running.openings === 0 ? ': nobody can store or read anything yet' : ''}`,
      ],
      ['data', places.dataDirectory],
      ['configuration', places.file],
    ]),
  ];
  for (const warning of running.warnings ?? []) lines.push('', `WARNING  ${warning}`);
  if (running.enrolmentLink !== undefined) {
    lines.push(
      '',
      'One-time link to enrol the first administrator:',
      `  ${running.enrolmentLink}`,
      '  Open it in a browser: it asks who you are and sets your two factors. It is good once, and',
      '  the next start prints another one until somebody has enrolled.',
    );
  }
  if (running.firstStart || running.openings === 0) {
    lines.push(
      '',
      'Next, in a second terminal:',
      '  npm run demo',
      '  bin/leadglass device add CT1 --purpose acquisition --reason "CT, room 1" --until 2027-06-30 --out ct1',
      '  bin/leadglass status',
    );
  }
  return [...lines, '', 'Ctrl-C stops it.'];
}

function doorText(door: RunningLeadglass['doors'][number]): string {
  const host = door.address.includes(':') ? `[${door.address}]` : door.address;
  if (door.protocol.toLowerCase() === 'https')
    return `https://${host === '127.0.0.1' || host === '[::1]' ? 'localhost' : host}:${door.port}`;
  return `${host}:${door.port} (${door.protocol})`;
}
