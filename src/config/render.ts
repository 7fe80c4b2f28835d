/**
 * The declaration as text: the commented leadglass.yaml of a first start, the reference page of the documentation, and
 * the effective configuration with its secrets covered.
 */
import { stringify } from 'yaml';
import { configDeclaration } from './config.ts';
import type { Config } from './config.ts';
import type { Group, Key, Members } from './declaration.ts';

const lineLength = 110;

/** leadglass.yaml with every key explained and commented out at its default: an empty file in effect. */
export function defaultConfigText(): string {
  const head =
    `# Leadglass: configuration. Every key is shown with its default; take away the "# " before a key to change it.\n` +
    `# "leadglass config check" tells mistakes; changes count from the next start.\n`;
  return `${head}\n${groupLines(configDeclaration, 0).join('\n').trimEnd()}\n`;
}

function groupLines(declared: Group<Members>, depth: number): string[] {
  const indent = '  '.repeat(depth);
  return Object.entries(declared.members).flatMap(([name, member]) => {
    const comment = member.kind === 'group' ? member.comment : `${member.comment} (${member.values})`;
    const explained = wrap(comment, lineLength - indent.length - 3).map((line) => `${indent}## ${line}`);
    // A group without a value below it reads as "nothing said", so it needs no comment sign.
    if (member.kind === 'group') return [...explained, `${indent}${name}:`, ...groupLines(member, depth + 1)];
    return [...explained, `${indent}# ${name}: ${flow(member.default)}`, ''];
  });
}

/** docs/reference/configuration.md. */
export function configReferenceText(): string {
  const sections = [...referenceSections(configDeclaration, '')];
  return [
    '<!-- Generated from src/config/config.ts by scripts/generate-config-docs.ts; do not edit. -->',
    '# Configuration',
    '',
    'Leadglass reads `leadglass.yaml` in the data folder, or the file that `leadglass serve --config F` names. The first start',
    'writes it with every key explained. Unknown keys are refused. `leadglass config check` checks a file, `leadglass config',
    'show` prints what is in effect. Devices and openings are not configuration: see `leadglass device add --help`.',
    '',
    ...sections,
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

function* referenceSections(declared: Group<Members>, path: string): Iterable<string> {
  const keys = Object.entries(declared.members);
  if (path !== '') yield* [`## ${path}`, '', declared.comment, ''];
  const own = keys.filter((entry): entry is [string, Key<unknown>] => entry[1].kind === 'key');
  if (own.length > 0) {
    yield* ['| key | default | values | meaning |', '|---|---|---|---|'];
    for (const [name, member] of own) {
      const full = path === '' ? name : `${path}.${name}`;
      yield `| \`${full}\` | \`${flow(member.default)}\` | ${member.values} | ${member.comment} |`;
    }
    yield '';
  }
  for (const [name, member] of keys) {
    if (member.kind === 'group') yield* referenceSections(member, path === '' ? name : `${path}.${name}`);
  }
}

/** The effective configuration for people and scripts; secrets read `[redacted]`. */
export function redactedConfig(config: Config): Record<string, unknown> {
  return redactGroup(configDeclaration, config);
}

export interface SettingsPart {
  readonly path: string;
  readonly explanation: string;
  readonly settings: readonly {
    readonly path: string;
    readonly value: string;
    readonly preset: string;
    readonly values: string;
    readonly explanation: string;
  }[];
}

/** The effective configuration with what each key means, group by group; secrets read `[redacted]`. */
export function explainedConfig(config: Config): readonly SettingsPart[] {
  return explainedGroups(configDeclaration, config, '');
}

function explainedGroups(declared: Group<Members>, value: object, path: string): SettingsPart[] {
  const values = new Map<string, unknown>(Object.entries(value));
  const below = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const settings: SettingsPart['settings'][number][] = [];
  const groups: SettingsPart[] = [];
  for (const [name, member] of Object.entries(declared.members)) {
    const own = values.get(name);
    if (member.kind === 'group') {
      groups.push(...explainedGroups(member, typeof own === 'object' && own !== null ? own : {}, below(name)));
      continue;
    }
    settings.push({
      path: below(name),
      value: member.secret ? '[redacted]' : flow(own),
      preset: flow(member.default),
      values: member.values,
      explanation: member.comment,
    });
  }
  return settings.length === 0 ? groups : [{ path, explanation: declared.comment, settings }, ...groups];
}

function redactGroup(declared: Group<Members>, value: object): Record<string, unknown> {
  const values = new Map<string, unknown>(Object.entries(value));
  return Object.fromEntries(
    Object.entries(declared.members).map(([name, member]) => {
      const own = values.get(name);
      if (member.kind === 'group')
        return [name, redactGroup(member, typeof own === 'object' && own !== null ? own : {})];
      return [name, member.secret ? '[redacted]' : own];
    }),
  );
}

function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
