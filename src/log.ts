/**
 * The log: what the program does, for the people who run it. One event per line, as JSON or, on a terminal, as text.
 * Event names are fixed words with fixed fields. Patient data never goes here; that is the ledger's. A leaf: it imports
 * nothing.
 */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** `area.what-happened`, written in the source as a literal: never built from what a peer sent. */
export type LogEvent =
  `${'server' | 'door' | 'association' | 'web' | 'guard' | 'ledger' | 'archive' | 'control' | 'config' | 'keys' | 'job' | 'oauth'}.${string}`;

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  debug(event: LogEvent, fields?: LogFields): void;
  info(event: LogEvent, fields?: LogFields): void;
  warn(event: LogEvent, fields?: LogFields): void;
  error(event: LogEvent, fields?: LogFields): void;
}

export interface LogOptions {
  /** Events below this level are dropped. */
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  /** Takes one line without its line end. */
  write(line: string): void;
  readonly now?: () => Date;
}

/** A value in a line is cut here: a log line is a hint, and a peer must not fill the disk with one. */
const valueLengthMax = 500;

/** A log that writes lines. */
export function createLog(options: LogOptions): Log {
  const now = options.now ?? ((): Date => new Date());
  const lowest = logLevels.indexOf(options.level);
  const format = options.format === 'json' ? formatJson : formatText;
  const at =
    (level: LogLevel) =>
    (event: LogEvent, fields: LogFields = {}): void => {
      if (logLevels.indexOf(level) >= lowest) options.write(format(now(), level, event, fields));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Drops everything; for tests. */
export const quietLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * The text with everything that could start a new line, move the cursor, or reorder what a person reads (control,
 * format and separator characters) written as an escape.
 */
export function escapeForDisplay(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

function shorten(value: string): string {
  return value.length <= valueLengthMax ? value : `${value.slice(0, valueLengthMax)}… (${value.length} characters)`;
}

function formatJson(time: Date, level: LogLevel, event: LogEvent, fields: LogFields): string {
  const entry: Record<string, string | number | boolean> = { time: time.toISOString(), level, event };
  for (const [name, value] of Object.entries(fields)) {
    // The line's own words come first and stay: a field cannot pretend to be another event.
    if (value === undefined || name in entry) continue;
    entry[name] = typeof value === 'string' ? escapeForDisplay(shorten(value)) : value;
  }
  return JSON.stringify(entry);
}

function formatText(time: Date, level: LogLevel, event: LogEvent, fields: LogFields): string {
  const words = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${quoteWhereNeeded(value)}`],
  );
  return [time.toISOString(), level.toUpperCase().padEnd(5), event, ...words].join(' ');
}

function quoteWhereNeeded(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  const text = escapeForDisplay(shorten(value));
  return /^[\w.:/@+-]+$/.test(text) ? text : `"${text.replaceAll('"', '\\"')}"`;
}
