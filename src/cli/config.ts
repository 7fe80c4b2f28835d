/** `leadglass config check|show`: works without a server. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { accessTokenPaths } from '../config/access-token-files.ts';
import type { Config } from '../config/config.ts';
import { configFileName, loadConfig } from '../config/load.ts';
import { checkConfig, parseConfig } from '../config/parse.ts';
import { redactedConfig } from '../config/render.ts';
import { singleSignOnPaths } from '../config/single-sign-on-files.ts';
import { webCertificatePaths } from '../config/web-certificate-files.ts';
import type { Context } from './context.ts';
import { exitStatus } from './exit-status.ts';
import { examples } from './options.ts';
import { namedFileFindings } from './named-files.ts';
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
    .description('Check a configuration file (default: leadglass.yaml in the data folder) and the files that it names.')
    .option('--config <file>', 'the same as the argument')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  leadglass config check\n  leadglass config check new.yaml')
    .action((argument: string | undefined, options: Options) => {
      const named = argument ?? options.config;
      const file = resolve(named ?? join(dataDirectory, configFileName));
      const { config, findings: inText } = checkConfig(named === undefined ? readOwnFile(file) : readNamedFile(file));
      const findings = config === undefined ? inText : namedFileFindings(config, new Date());
      if (options.json === true) output.json({ file, valid: findings.length === 0, findings });
      else if (findings.length === 0) output.line(`${file} is valid.`);
      else {
        output.line(`${file} has ${counted(findings.length, 'mistake')}:`);
        for (const { path, problem } of findings) output.line(`  ${path === '' ? problem : `${path}: ${problem}`}`);
      }
      if (findings.length > 0) context.exitWith(exitStatus.answerIsNo);
    });
  group
    .command('files')
    .description('Print the files that the configuration names and the server reads, one a line.')
    .option('--config <file>', 'configuration file (default: leadglass.yaml in the data folder)')
    .addHelpText(
      'after',
      '\nExamples:\n  leadglass config files\n\nbin/leadglass asks this to let the server read just these.',
    )
    .action((options: Options) => {
      const config = configOf(options, dataDirectory);
      for (const path of [...webCertificatePaths(config), ...singleSignOnPaths(config), ...accessTokenPaths(config)]) {
        output.line(path);
      }
    });
  group
    .command('show')
    .description('Show the effective configuration, defaults filled in, secrets redacted.')
    .option('--config <file>', 'configuration file (default: leadglass.yaml in the data folder)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  leadglass config show\n  leadglass config show --json | jq .doors')
    .action((options: Options) => {
      const shown = redactedConfig(configOf(options, dataDirectory));
      if (options.json === true) output.json(shown);
      else output.line(stringify(shown).trimEnd());
    });
}

function configOf({ config }: Options, dataDirectory: string): Config {
  if (config === undefined) return loadConfig({ dataDirectory, writeMissing: false }).config;
  const file = resolve(config);
  return parseConfig(readNamedFile(file), file);
}
