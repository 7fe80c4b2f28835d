/**
 * What commands print. Results go to standard output, everything else to standard error; text from peers and files is
 * escaped, so that it cannot move the cursor or look like another line.
 */
import { escapeForDisplay } from '../log.ts';

export interface Output {
  readonly isTerminal: boolean;
  readonly columns: number;
  /** A line of the result. */
  line(text?: string): void;
  /** A line beside the result. */
  note(text: string): void;
  /** The result for scripts. */
  json(value: unknown): void;
  /** One line that overwrites itself; nothing in a pipe. `undefined` clears it. */
  progress(text: string | undefined): void;
}

export function processOutput(): Output {
  const terminal = process.stderr.isTTY;
  let shown = false;
  const clear = (): void => {
    if (shown) process.stderr.write('\r\u001b[2K');
    shown = false;
  };
  return {
    isTerminal: terminal,
    columns: process.stdout.isTTY ? process.stdout.columns : 120,
    line: (text = '') => {
      clear();
      process.stdout.write(`${text}\n`);
    },
    note: (text) => {
      clear();
      process.stderr.write(`${text}\n`);
    },
    json: (value) => {
      clear();
      process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
    },
    progress: (text) => {
      if (!terminal) return;
      clear();
      if (text === undefined) return;
      process.stderr.write(text.slice(0, Math.max(20, process.stderr.columns - 1)));
      shown = true;
    },
  };
}

/** Keeps what was printed; for tests. */
export function capturedOutput(): Output & {
  readonly lines: string[];
  readonly notes: string[];
  readonly values: unknown[];
} {
  const lines: string[] = [];
  const notes: string[] = [];
  const values: unknown[] = [];
  return {
    lines,
    notes,
    values,
    isTerminal: false,
    columns: 120,
    line: (text = '') => void lines.push(text),
    note: (text) => void notes.push(text),
    json: (value) => void values.push(value),
    progress: () => {},
  };
}

export interface Column<R> {
  readonly title: string;
  readonly value: (row: R) => string | number | undefined;
  /** Numbers stand right. */
  readonly right?: boolean;
}

/** Rows as aligned lines under a heading. Values are escaped and, in the last column only, may be long. */
export function tableLines<R>(rows: readonly R[], columns: readonly Column<R>[]): string[] {
  const cells = rows.map((row) => columns.map(({ value }) => escapeForDisplay(String(value(row) ?? ''))));
  const widths = columns.map(({ title }, index) =>
    Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[index] ?? ''))),
  );
  const lineOf = (row: readonly string[]): string =>
    columns
      .map(({ right }, index) => {
        const cell = row[index] ?? '';
        const gap = ' '.repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(cell)));
        return right === true ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  return [lineOf(columns.map(({ title }) => title)), ...cells.map(lineOf)];
}

/** Names and values under each other, names aligned. Absent values are left out. */
export function factLines(facts: readonly (readonly [string, string | number | undefined])[], indent = ''): string[] {
  const shown = facts.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${indent}${name.padEnd(width)}  ${escapeForDisplay(String(value))}`);
}

/** Columns that a text takes on a terminal: East Asian wide characters take two, combining marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}

/** 1536 -> `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `1 study`, `2 studies`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** An ISO instant cut to the minute, `2026-11-25 10:00Z`. */
export function shortInstant(iso: string | undefined): string {
  return iso === undefined ? '' : iso.replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}).*Z$/, '$1 $2Z');
}
