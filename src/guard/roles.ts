/**
 * What each role of a person may ever hold. A person has exactly one role; openings narrow it and can never exceed it. Those who
 * administer see no images, those who see images administer nothing, and the ledger is read by nobody whom it is about in the
 * first place. Checked when an opening is made and again at each use.
 */

export const roles = [
  'physician',
  'technologist',
  'researcher',
  'exchange-clerk',
  'administrator',
  'security-officer',
] as const;
export type Role = (typeof roles)[number];

/**
 * `remove` is the first step of a removal (a study is hidden); `export` takes whole studies out of the archive, `release` lets an
 * exchange partner fetch one.
 */
export const personOperations = ['find', 'get', 'store', 'export', 'remove', 'release'] as const;
export type PersonOperation = (typeof personOperations)[number];

export interface RoleBounds {
  readonly operations: readonly PersonOperation[];
  /** Which SOP classes may be stored, when storing is in: evidence is what a reader makes of images. */
  readonly stores: 'every' | 'evidence';
  /** What an opening holds when nobody says otherwise; of a role without any there is nothing to open. */
  readonly usual: readonly PersonOperation[];
  /** Commands of the control services, whole or by their first word (`device *`). They need no opening: the role is the right. */
  readonly commands: readonly string[];
}

export const roleBounds = {
  physician: {
    operations: ['find', 'get', 'store', 'export'],
    stores: 'evidence',
    usual: ['find', 'get', 'store'],
    // Whoever decides about treatment may open one patient in an emergency; nobody else needs more than the day's work.
    commands: ['emergency open', 'emergency end', 'emergency own show'],
  },
  technologist: {
    operations: ['find', 'get', 'store', 'export', 'remove'],
    stores: 'every',
    usual: ['find', 'get', 'store'],
    commands: ['conflict *'],
  },
  // Sees what is de-identified for a project, which an opening has to name: nothing is opened by an invitation alone.
  researcher: { operations: ['find', 'get'], stores: 'evidence', usual: [], commands: [] },
  'exchange-clerk': {
    operations: ['find', 'get', 'store', 'export', 'release'],
    stores: 'every',
    usual: ['find', 'get', 'release'],
    // Which partners there are; a release goes by the clerk's opening too.
    commands: ['device list', 'device show', 'study release'],
  },
  administrator: {
    operations: [],
    stores: 'evidence',
    usual: [],
    commands: [
      'status',
      'activity show',
      'device *',
      'opening *',
      'client *',
      'account *',
      'confirmation *',
      'config *',
      'clock *',
      'verify',
      'index *',
      'ledger verify',
    ],
  },
  'security-officer': {
    operations: [],
    stores: 'evidence',
    usual: [],
    commands: [
      'status',
      'activity show',
      'ledger *',
      'device list',
      'device show',
      'opening list',
      'opening show',
      'client list',
      'client show',
      'account list',
      'account sessions',
      'account openings',
      'account show',
      'account disable',
      'account confirm',
      'confirmation *',
      'config show',
      'emergency list',
      'emergency show',
      'emergency review',
    ],
  },
} as const satisfies Record<Role, RoleBounds>;

/** May this role give this command at all? */
export function roleCommands(role: Role, command: string): boolean {
  return holdsCommand(roleBounds[role].commands, command);
}

/** Is this command one of these, whole or by its first word? */
export function holdsCommand(commands: readonly string[], command: string): boolean {
  return commands.some((allowed) =>
    allowed.endsWith(' *') ? command.startsWith(allowed.slice(0, -1)) : command === allowed,
  );
}

const readingWords: ReadonlySet<string> = new Set([
  'status',
  'list',
  'show',
  'verify',
  'sessions',
  'openings',
  'check',
]);

/** What only looks needs no fresh second factor; whatever is not known to look only, does. */
export function isReadingCommand(command: string): boolean {
  // To end one's own emergency gives a right back; nobody should look for a telephone first.
  return command === 'emergency end' || readingWords.has(command.split(' ').at(-1) ?? '');
}
