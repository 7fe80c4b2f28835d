/** `leadglass account invite|list|show|open|close|openings|disable|reset|confirm|tie|sessions`: people with two factors. */
import { type Command, Option } from 'commander';
import type { CallInput } from '../doors/control/control-calls.ts';
import type { AccountLink, AccountView } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import type { Context } from './context.ts';
import { collect, examples, isoDay, withJson } from './options.ts';
import { counted, factLines, shortInstant, tableLines } from './output.ts';

type Role = CallInput<'accountInvite'>['role'];
// A role that is missing here does not compile.
const roles = Object.keys({
  physician: true,
  technologist: true,
  researcher: true,
  'exchange-clerk': true,
  administrator: true,
  'security-officer': true,
} satisfies Record<Role, true>);

interface InviteOptions {
  readonly role: Role;
  readonly name?: string;
  readonly until?: string;
  readonly reason?: string;
  readonly json?: boolean;
}
interface ReasonOptions {
  readonly reason: string;
  readonly json?: boolean;
}

export function register(program: Command, context: Context): void {
  const account = program
    .command('account')
    .description('Accounts of people: each with two factors, a passkey or a password with one-time codes.')
    .addHelpText(
      'after',
      examples(
        'leadglass account invite ada@hospital.example --role physician --name "Ada Berg" --until 2027-06-30',
        'leadglass account disable ada@hospital.example --reason "left the hospital"',
        'leadglass account sessions ada@hospital.example',
      ),
    );
  registerInvite(account, context);
  registerShow(account, context);
  registerEnd(account, context);
  registerReset(account, context);
  registerOpenings(account, context);
  registerTie(account, context);
  registerSessions(account, context);
}

function registerInvite(account: Command, context: Context): void {
  withJson(account.command('invite <email>'))
    .description('Make an account, or a new link for one that is invited; prints a one-time link to enrol.')
    .addOption(new Option('--role <role>', 'what the person is here').choices(roles).makeOptionMandatory())
    .option('--name <text>', 'how the person is shown (default: the e-mail address)')
    .option('--until <date>', 'last day of the account, YYYY-MM-DD (default: no end)', isoDay)
    .option('--reason <text>', 'why, for the history of the account')
    .addHelpText('after', examples('leadglass account invite ada@hospital.example --role physician --name "Ada Berg"'))
    .action(async (email: string, { json, ...given }: InviteOptions) => {
      const issued = await context.control('account invite').call('accountInvite', { email, ...given });
      printLink(context, issued, json);
    });
}

function registerShow(account: Command, context: Context): void {
  const { output } = context;
  withJson(account.command('list'))
    .description('All accounts.')
    .addHelpText('after', examples('leadglass account list'))
    .action(async ({ json }: { readonly json?: boolean }) => {
      const accounts = await context.control('account list').call('accountList', {});
      if (json === true) output.json({ accounts, more: false });
      else if (accounts.length === 0) output.line('There are no accounts yet; "leadglass account invite" makes one.');
      else for (const line of accountLines(accounts)) output.line(line);
    });
  withJson(account.command('show <email>'))
    .description('One account: its factors, sessions and history.')
    .addHelpText('after', examples('leadglass account show ada@hospital.example'))
    .action(async (email: string, { json }: { readonly json?: boolean }) => {
      const shown = await context.control('account show').call('accountShow', { email });
      if (json === true) {
        output.json(shown);
        return;
      }
      for (const line of accountLines([shown.account])) output.line(line);
      const suspended = shown.passkeys.filter((passkey) => passkey.suspended);
      const facts: [string, string][] = [
        ['factors', shown.factors.join(', ') || 'none yet'],
        ['recovery codes', `${shown.recoveryCodesLeft} left`],
        ['sessions', String(shown.sessions.length)],
      ];
      const { provider } = shown;
      if (provider !== undefined) facts.push(['signs in at', `${provider.issuer} as ${provider.subject}`]);
      const tied = shown.passkeys.flatMap(({ name, workstation }) =>
        workstation === undefined ? [] : `${name} in ${workstation}`,
      );
      if (tied.length > 0) facts.push(['workstations', tied.join(', ')]);
      if (suspended.length > 0) facts.push(['suspended', suspended.map(({ name }) => name).join(', ')]);
      for (const line of factLines(facts)) output.line(line);
      for (const { at, by, what, reason } of shown.history) {
        output.line(`${shortInstant(at)}  ${what}, by ${by}${reason === '' ? '' : `: ${reason}`}`);
      }
    });
}

function registerEnd(account: Command, context: Context): void {
  withJson(account.command('disable <email>'))
    .description('End an account, its link and all its sessions at once.')
    .requiredOption('--reason <text>', 'why, for the ledger')
    .addHelpText('after', examples('leadglass account disable ada@hospital.example --reason "left the hospital"'))
    .action(async (email: string, { reason, json }: ReasonOptions) => {
      const { sessionsEnded } = await context.control('account disable').call('accountDisable', { email, reason });
      if (json === true) context.output.json({ email, sessionsEnded });
      else context.output.line(`${email} is disabled; ${counted(sessionsEnded, 'session')} ended.`);
    });
}

function registerReset(account: Command, context: Context): void {
  const { output } = context;
  withJson(account.command('reset <email>'))
    .description('A one-time link for who lost a factor; good only after a second person has confirmed it.')
    .requiredOption('--reason <text>', 'why, and how you know who asks; for the ledger')
    .addHelpText(
      'after',
      examples(
        'leadglass account reset ada@hospital.example --reason "telephone lost, came to the desk with her badge"',
      ),
    )
    .action(async (email: string, { reason, json }: ReasonOptions) => {
      printLink(context, await context.control('account reset').call('accountReset', { email, reason }), json);
    });
  withJson(account.command('confirm <email>'))
    .description('Confirm, as the second person, a link for lost factors that an administrator made in the console.')
    .addHelpText('after', examples('leadglass account confirm ada@hospital.example'))
    .action(async (email: string, { json }: { readonly json?: boolean }) => {
      const confirmed = await context.control('account confirm').call('accountConfirm', { email });
      if (json === true) output.json(confirmed);
      else output.line(`The link for ${email} is good now.`);
    });
}

interface OpenOptions extends ReasonOptions {
  /** The server says which there are. */
  readonly allow: readonly string[];
  readonly until: string;
  readonly modality?: readonly string[];
  readonly department?: readonly string[];
  readonly studyFrom?: string;
  readonly studyTo?: string;
  readonly address?: readonly string[];
  readonly project?: string;
  readonly option?: readonly string[];
}

function registerOpenings(account: Command, context: Context): void {
  const { output } = context;
  withJson(account.command('open <email>'))
    .description('Open images to a person, in the place of what was open before.')
    .requiredOption('--allow <operation>', 'find, get, store, export, remove or release; repeatable', collect)
    .requiredOption('--until <date>', 'last day, YYYY-MM-DD', isoDay)
    .requiredOption('--reason <text>', 'why, for the ledger')
    .option('--modality <code>', 'only series of this modality; repeatable', collect)
    .option('--department <name>', 'only this Institutional Department Name; repeatable', collect)
    .option('--study-from <date>', 'only studies from this day', isoDay)
    .option('--study-to <date>', 'only studies until this day', isoDay)
    .option('--address <cidr>', 'only from this network; repeatable', collect)
    .option('--project <name>', 'of a researcher: the project that all is de-identified for')
    .option(
      '--option <name>',
      'with --project: an option of leadglass deidentify that the project may have; repeatable',
      collect,
    )
    .addHelpText(
      'after',
      examples(
        'leadglass account open ada@hospital.example --allow find --allow get --modality CT --until 2027-06-30 --reason "CT readers"',
        'leadglass account open rita@hospital.example --allow find --allow get --project lung-2027 --until 2027-06-30 --reason "ethics vote 17"',
      ),
    )
    .action(async (email: string, options: OpenOptions) => {
      const { json, allow, until, reason, address, modality, department, studyFrom, studyTo, project, option } =
        options;
      const scope = {
        ...(modality === undefined ? {} : { modalities: [...modality] }),
        ...(department === undefined ? {} : { departments: [...department] }),
        ...(studyFrom === undefined ? {} : { studyDateFrom: studyFrom }),
        ...(studyTo === undefined ? {} : { studyDateTo: studyTo }),
      };
      const given = {
        email,
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a word that is none is refused by the server
        allow: [...allow] as CallInput<'accountOpen'>['allow'],
        until,
        reason,
        scope,
        ...(address === undefined ? {} : { addresses: [...address] }),
        ...(project === undefined ? {} : { project }),
        ...(option === undefined ? {} : { options: [...option] }),
      };
      const opened = await context.control('account open').call('accountOpen', given);
      if (json === true) output.json(opened);
      else output.line(`${opened.email} may ${opened.allow.join(', ')} until ${shortInstant(opened.until)}.`);
    });
  withJson(account.command('close <email>'))
    .description('Close what is open for a person; the account stays.')
    .requiredOption('--reason <text>', 'why, for the ledger')
    .addHelpText('after', examples('leadglass account close ada@hospital.example --reason "left the ward"'))
    .action(async (email: string, { reason, json }: ReasonOptions) => {
      const closed = await context.control('account close').call('accountClose', { email, reason });
      if (json === true) output.json(closed);
      else output.line(`Nothing is open for ${closed.email} any more.`);
    });
  withJson(account.command('openings <email>'))
    .description('What is and was open for a person.')
    .addHelpText('after', examples('leadglass account openings ada@hospital.example'))
    .action(async (email: string, { json }: { readonly json?: boolean }) => {
      const openings = await context.control('account openings').call('accountOpenings', { email });
      if (json === true) output.json({ openings, more: false });
      else if (openings.length === 0) output.line(`Nothing was ever open for ${email}.`);
      else {
        const lines = tableLines(openings, [
          { title: 'NUMBER', value: ({ number }) => number, right: true },
          { title: 'STATE', value: ({ state }) => state },
          { title: 'UNTIL', value: ({ until }) => shortInstant(until) },
          { title: 'MAY', value: ({ allow }) => allow.join(' ') },
          { title: 'REASON', value: ({ reason }) => reason },
        ]);
        for (const line of lines) output.line(line);
      }
    });
}

function registerTie(account: Command, context: Context): void {
  withJson(account.command('tie <email>'))
    .description(
      'Say in which workstation a passkey lives: whoever signs in with it sits there. Ends the sessions of the account.',
    )
    .requiredOption('--passkey <name>', 'what its owner calls it, as "account show" tells')
    .option('--workstation <aet>', 'the workstation; without it the passkey is tied to none')
    .requiredOption('--reason <text>', 'why, and how you know where it is; for the ledger')
    .addHelpText(
      'after',
      examples(
        'leadglass account tie ada@hospital.example --passkey "Reading room" --workstation ROOM3 --reason "registered in my presence"',
      ),
    )
    .action(
      async (email: string, given: ReasonOptions & { readonly passkey: string; readonly workstation?: string }) => {
        const { json, ...asked } = given;
        const tied = await context.control('account tie').call('accountTie', { email, ...asked });
        if (json === true) context.output.json(tied);
        else {
          const where = asked.workstation === undefined ? 'tied to no workstation' : `lives in ${asked.workstation}`;
          context.output.line(`The passkey ${where}; ${counted(tied.sessionsEnded, 'session')} ended.`);
        }
      },
    );
}

function registerSessions(account: Command, context: Context): void {
  const { output } = context;
  withJson(account.command('sessions <email>'))
    .description('Where somebody is signed in; with --end signs them out everywhere.')
    .option('--end', 'end all of them at once')
    .option('--reason <text>', 'with --end: why, for the ledger')
    .addHelpText(
      'after',
      examples(
        'leadglass account sessions ada@hospital.example',
        'leadglass account sessions ada@hospital.example --end --reason "notebook stolen"',
      ),
    )
    .action(
      async (email: string, options: { readonly end?: boolean; readonly reason?: string; readonly json?: boolean }) => {
        const { end, reason, json } = options;
        if (end === true) {
          if (reason === undefined)
            throw new LeadglassError('BAD_REQUEST', '--end needs --reason TEXT, for the ledger');
          const ended = await context.control('account sessions end').call('accountSessionsEnd', { email, reason });
          if (json === true) output.json(ended);
          else output.line(`${email}: ${counted(ended.sessionsEnded, 'session')} ended.`);
          return;
        }
        const sessions = await context.control('account sessions').call('accountSessions', { email });
        if (json === true) output.json({ sessions, more: false });
        else if (sessions.length === 0) output.line(`${email} is not signed in.`);
        else {
          const lines = tableLines(sessions, [
            { title: 'NUMBER', value: ({ number }) => number, right: true },
            { title: 'SINCE', value: ({ createdAt }) => shortInstant(createdAt) },
            { title: 'LAST USED', value: ({ usedAt }) => shortInstant(usedAt) },
            { title: 'BY', value: ({ method }) => method },
            { title: 'ADDRESS', value: ({ address }) => address },
            { title: 'WORKSTATION', value: ({ workstation }) => workstation ?? '' },
            { title: 'BROWSER', value: ({ userAgent }) => userAgent },
          ]);
          for (const line of lines) output.line(line);
        }
      },
    );
}

function accountLines(accounts: readonly AccountView[]): string[] {
  return tableLines(accounts, [
    { title: 'E-MAIL', value: ({ email }) => email },
    { title: 'NAME', value: ({ name }) => name },
    { title: 'ROLE', value: ({ role }) => role },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'UNTIL', value: ({ until }) => (until === undefined ? '' : shortInstant(until)) },
  ]);
}

function printLink({ output }: Context, issued: AccountLink, json: boolean | undefined): void {
  if (json === true) {
    output.json(issued);
    return;
  }
  output.line(issued.link);
  output.line('');
  output.line(
    `Link for ${issued.account.email}, good once, until ${shortInstant(issued.until)}. It is not shown again.`,
  );
  if (issued.needsConfirmation) {
    output.line('It is not good yet: another administrator or the security officer has to confirm it in the console.');
  }
}
