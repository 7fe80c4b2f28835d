/** `leadglass config check|show`: works without a server. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { configFileName, loadConfig } from '../config/load.ts';
import { checkConfig } from '../config/parse.ts';
import { redactedConfig } from '../config/render.ts';
import { LeadglassError } from '../error.ts';
import type { Context } from './context.ts';
import { exitStatus } from './exit-status.ts';
import { counted } from './output.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

export function register(program: Command, context: Context): void {
  const { output, dataDirectory } = context;
  const config = program.command('config').description('Check a configuration file, or show what is in effect.');
  config
    .command('check [file]')
    .description('Check a configuration file (default: leadglass.yaml in the data folder).')
    .option('--config <file>', 'the same as the argument')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  leadglass config check\n  leadglass config check new.yaml')
    .action((argument: string | undefined, options: Options) => {
      const file = resolve(argument ?? options.config ?? join(dataDirectory, configFileName));
      const { findings } = checkConfig(readText(file));
      if (options.json === true) output.json({ file, valid: findings.length === 0, findings });
      else if (findings.length === 0) output.line(`${file} is valid.`);
      else {
        output.line(`${file} has ${counted(findings.length, 'mistake')}:`);
        for (const { path, problem } of findings) output.line(`  ${path === '' ? problem : `${path}: ${problem}`}`);
      }
      if (findings.length > 0) context.exitWith(exitStatus.answerIsNo);
    });
  config
    .command('show')
    .description('Show the effective configuration, defaults filled in, secrets redacted.')
    .option('--config <file>', 'configuration file (default: leadglass.yaml in the data folder)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  leadglass config show\n  leadglass config show --json | jq .doors')
    .action((options: Options) => {
      const configFile = options.config === undefined ? undefined : resolve(options.config);
      const loaded = loadConfig({ dataDirectory, configFile, writeMissing: false });
      const shown = redactedConfig(loaded.config);
      if (options.json === true) output.json(shown);
      else output.line(stringify(shown).trimEnd());
    });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new LeadglassError(
      'BACKEND_UNAVAILABLE',
      `Cannot read ${file}: ${cause instanceof Error ? cause.message : 'unreadable'}`,
      { cause },
    );
  }
}
