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

/** `remove` is the first step of a removal (a study is hidden); `export` takes whole studies out of the archive. */
export const personOperations = ['find', 'get', 'store', 'export', 'remove'] as const;
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
    commands: [],
  },
  technologist: {
    operations: ['find', 'get', 'store', 'export', 'remove'],
    stores: 'every',
    usual: ['find', 'get', 'store'],
    commands: ['conflict *'],
  },
  // Sees de-identified studies only, and nothing de-identifies yet: until then there is nothing that may be opened.
  researcher: { operations: [], stores: 'evidence', usual: [], commands: [] },
  'exchange-clerk': {
    operations: ['find', 'get', 'store', 'export'],
    stores: 'every',
    usual: ['find', 'get'],
    // To release a study comes once it goes by the clerk's own scope: the command looks at every study.
    commands: ['device list', 'device show'],
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
      'account list',
      'account sessions',
      'account openings',
      'account show',
      'account disable',
      'account confirm',
      'confirmation *',
      'config show',
    ],
  },
} as const satisfies Record<Role, RoleBounds>;

/** May this role give this command at all? */
export function roleCommands(role: Role, command: string): boolean {
  const { commands }: RoleBounds = roleBounds[role];
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
  return readingWords.has(command.split(' ').at(-1) ?? '');
}
