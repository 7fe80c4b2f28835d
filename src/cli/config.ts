/** `leadglass config check|show`: works without a server. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { configFileName, loadConfig } from '../config/load.ts';
import { checkConfig, parseConfig } from '../config/parse.ts';
import { redactedConfig } from '../config/render.ts';
import type { Context } from './context.ts';
import { exitStatus } from './exit-status.ts';
import { examples } from './options.ts';
import { counted } from './output.ts';
import { readNamedFile, readOwnFile } from './read-file.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

export function register(program: Command, context: Context): void {
  const { output, dataDirectory } = context;
  const group = program
    .command('config')
    .description('Check a configuration file, or show what is in effect.')
    .addHelpText('after', examples('leadglass config check', 'leadglass config show --json | jq .doors'));
  group
    .command('check [file]')
    .description('Check a configuration file (default: leadglass.yaml in the data folder).')
    .option('--config <file>', 'the same as the argument')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  leadglass config check\n  leadglass config check new.yaml')
    .action((argument: string | undefined, options: Options) => {
      const named = argument ?? options.config;
      const file = resolve(named ?? join(dataDirectory, configFileName));
      const { findings } = checkConfig(named === undefined ? readOwnFile(file) : readNamedFile(file));
      if (options.json === true) output.json({ file, valid: findings.length === 0, findings });
      else if (findings.length === 0) output.line(`${file} is valid.`);
      else {
        output.line(`${file} has ${counted(findings.length, 'mistake')}:`);
        for (const { path, problem } of findings) output.line(`  ${path === '' ? problem : `${path}: ${problem}`}`);
      }
      if (findings.length > 0) context.exitWith(exitStatus.answerIsNo);
    });
  group
    .command('show')
    .description('Show the effective configuration, defaults filled in, secrets redacted.')
    .option('--config <file>', 'configuration file (default: leadglass.yaml in the data folder)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  leadglass config show\n  leadglass config show --json | jq .doors')
    .action((options: Options) => {
      const configFile = options.config === undefined ? undefined : resolve(options.config);
      const config =
        configFile === undefined
          ? loadConfig({ dataDirectory, writeMissing: false }).config
          : parseConfig(readNamedFile(configFile), configFile);
      const shown = redactedConfig(config);
      if (options.json === true) output.json(shown);
      else output.line(stringify(shown).trimEnd());
    });
}
