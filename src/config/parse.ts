/**
 * From the text of leadglass.yaml to a checked Config. Unknown keys are refused, since a misspelt strictness would
 * silently be none. All findings are told at once.
 */
import * as v from 'valibot';
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { LeadglassError } from '../error.ts';
import { accessTokenFindings } from './access-token-files.ts';
import { configDeclaration } from './config.ts';
import type { Config } from './config.ts';
import type { Group, Key, Members } from './declaration.ts';
import { nearest } from './nearest.ts';
import { singleSignOnFindings } from './single-sign-on-files.ts';
import { webCertificateFindings } from './web-certificate-files.ts';

export interface ConfigFinding {
  /** `doors.dimse.port`; empty for the file as a whole. */
  readonly path: string;
  readonly problem: string;
}

/** Longest configuration text read; the file with every comment is about 5 KB. */
export const configBytesMax = 256 * 1024;

/**
 * The configuration that a text gives, with defaults for what it does not say.
 * @throws LeadglassError BAD_REQUEST with every finding, one a line, when there is any
 */
export function parseConfig(text: string, fileName: string): Config {
  const { config, findings } = checkConfig(text);
  if (config !== undefined) return config;
  const lines = findings.map(({ path, problem }) => `  ${path === '' ? problem : `${path}: ${problem}`}`);
  throw new LeadglassError('BAD_REQUEST', `Cannot use ${fileName}:\n${lines.join('\n')}`);
}

/** As parseConfig, with the findings as data. */
export function checkConfig(text: string): { readonly config?: Config; readonly findings: readonly ConfigFinding[] } {
  if (Buffer.byteLength(text) > configBytesMax) {
    return { findings: [{ path: '', problem: `is longer than ${configBytesMax} bytes` }] };
  }
  // No merge keys and few aliases: a small file must not become a large one.
  const document = parseDocument(text, { version: '1.2', merge: false, uniqueKeys: true, prettyErrors: true });
  const trouble = [...document.errors, ...document.warnings].map(({ message }) => ({
    path: '',
    problem: message.trim(),
  }));
  if (trouble.length > 0) return { findings: trouble };
  let read: unknown;
  try {
    read = document.toJS({ maxAliasCount: 10 });
  } catch {
    return { findings: [{ path: '', problem: 'has more than 10 aliases' }] };
  }
  if (document.contents !== null && !isMap(document.contents)) {
    const what = isSeq(document.contents) ? 'a list' : isScalar(document.contents) ? 'one value' : 'an alias';
    return { findings: [{ path: '', problem: `holds ${what}, expected keys such as "aeTitle: LEADGLASS"` }] };
  }
  const findings: ConfigFinding[] = [];
  const value = readGroup(configDeclaration, read ?? {}, '', findings);
  if (findings.length > 0) return { findings };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- readGroup checked every key of the declaration that Config comes from
  const config = value as unknown as Config;
  const contradictions = [
    ...webCertificateFindings(config),
    ...singleSignOnFindings(config),
    ...accessTokenFindings(config),
  ];
  return contradictions.length > 0 ? { findings: contradictions } : { config, findings };
}

function readGroup(declared: Group<Members>, given: unknown, path: string, findings: ConfigFinding[]): object {
  const value: Record<string, unknown> = {};
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  if (!isObject && given !== null && given !== undefined) {
    findings.push({ path, problem: `must hold keys: ${Object.keys(declared.members).join(', ')}` });
  }
  // A key whose members are all comments reads as null: that is "nothing said".
  const entries = new Map<string, unknown>(isObject ? Object.entries(given) : []);
  for (const [name, member] of Object.entries(declared.members)) {
    const memberPath = path === '' ? name : `${path}.${name}`;
    value[name] =
      member.kind === 'group'
        ? readGroup(member, entries.get(name), memberPath, findings)
        : readKey(member, entries.get(name), memberPath, findings);
    entries.delete(name);
  }
  for (const name of entries.keys()) {
    const meant = nearest(name, Object.keys(declared.members));
    const hint =
      meant === undefined ? `known here: ${Object.keys(declared.members).join(', ')}` : `did you mean "${meant}"?`;
    findings.push({ path: path === '' ? name : `${path}.${name}`, problem: `unknown key; ${hint}` });
  }
  return value;
}

function readKey(declared: Key<unknown>, given: unknown, path: string, findings: ConfigFinding[]): unknown {
  if (given === undefined) return declared.default;
  const result = v.safeParse(declared.schema, given, { abortPipeEarly: true });
  if (result.success) return result.output;
  for (const issue of result.issues) {
    const inner = issue.path?.map(({ key }) => `[${String(key)}]`).join('') ?? '';
    const shown = declared.secret ? '' : `, was ${JSON.stringify(issue.input) ?? 'nothing'}`;
    findings.push({ path: `${path}${inner}`, problem: `${issue.message}${shown}` });
  }
  return declared.default;
}
