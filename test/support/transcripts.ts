/** Transcripts of a page: a block of commands for a shell, and after it a block with what came back, `…` for what is left out. */
export interface Transcript {
  /** For its test's name: the last line of the commands. */
  readonly name: string;
  readonly commands: string;
  readonly expected: Answer;
}

export interface Answer {
  /** `HTTP 200` */
  readonly status: string;
  readonly fields: readonly string[];
  readonly body: string;
}

/** Pairs of `sh` and `http` blocks; `sh` blocks without an answer are left out. */
export function transcriptsOf(page: string): readonly Transcript[] {
  return [...page.matchAll(/^```sh\n([^`]+)\n```\n\n```http\n([\s\S]*?)\n?```$/gm)].map(
    ([, commands = '', text = '']) => ({
      commands,
      name:
        commands
          .split(/\n(?=curl)/)
          .at(-1)
          ?.replaceAll(/\\\n\s*/g, '') ?? commands,
      expected: answerOf(text),
    }),
  );
}

/** What `curl --include` printed, whichever the version of HTTP; interim answers (100) are left out. */
export function answerOf(text: string): Answer {
  const plain = text.replaceAll('\r\n', '\n').replace(/^(?:HTTP\/1\.1 100 [^\n]*\n\n)+/, '');
  const [, head = '', body = ''] = /^([\s\S]*?)(?:\n\n([\s\S]*))?$/.exec(plain) ?? [];
  const [first = '', ...fields] = head.split('\n').filter((line) => line !== '');
  const status = /^HTTP(?:\/[\d.]+)? (\d+)/.exec(first)?.[1] ?? first;
  return { status: `HTTP ${status}`, fields, body };
}

/** What of `expected` is not in `found`, in words. */
export function differences(expected: Answer, found: Answer): readonly string[] {
  const missing = expected.fields.filter(
    (field) => !found.fields.some((other) => matches(lowerName(field), lowerName(other))),
  );
  return [
    ...(expected.status === found.status ? [] : [`status is ${found.status}, not ${expected.status}`]),
    ...missing.map((field) => `no field ${field}`),
    ...(matches(expected.body, found.body) ? [] : [`body is ${found.body.slice(0, 2000)}`]),
  ];
}

function lowerName(field: string): string {
  return field.replace(/^[^:]+/, (name) => name.toLowerCase());
}

function matches(pattern: string, text: string): boolean {
  const words = pattern
    .trimEnd()
    .split('…')
    .map((word) => RegExp.escape(word));
  return new RegExp(`^${words.join('[\\s\\S]*?')}$`).test(text.trimEnd());
}
