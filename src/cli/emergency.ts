/** `leadglass emergency list|show|review`: emergency access of people to single patients, and the review that each one needs. */
import { type Command, Option } from 'commander';
import type { CallInput } from '../doors/control/control-calls.ts';
import type { EmergencyDetails, EmergencyView } from '../doors/control/control-services.ts';
import type { Context } from './context.ts';
import { examples, wholeNumber, withJson } from './options.ts';
import { factLines, shortInstant, tableLines } from './output.ts';

type Verdict = CallInput<'emergencyReview'>['verdict'];
const verdicts: readonly Verdict[] = ['justified', 'unjustified'];

interface ListOptions {
  readonly all?: boolean;
  readonly rows: number;
  readonly json?: boolean;
}
interface ReviewOptions {
  readonly verdict: Verdict;
  readonly words: string;
  readonly json?: boolean;
}

export function register(program: Command, context: Context): void {
  const emergency = program
    .command('emergency')
    .description('Emergency access of a person to one patient beyond the own right: list, look at, review.')
    .addHelpText(
      'after',
      examples(
        'leadglass emergency list',
        'leadglass emergency show 17',
        'leadglass emergency review 17 --verdict justified --words "polytrauma, confirmed by the shift leader"',
      ),
    );
  registerList(emergency, context);
  registerShow(emergency, context);
  registerReview(emergency, context);
}

function registerList(emergency: Command, context: Context): void {
  const { output } = context;
  withJson(emergency.command('list'))
    .description('Those that nobody has reviewed yet, the oldest first.')
    .option('--all', 'also those that were reviewed, the newest first')
    .option('--rows <number>', 'at most so many', wholeNumber, 200)
    .addHelpText('after', examples('leadglass emergency list', 'leadglass emergency list --all --json'))
    .action(async ({ all = false, rows, json }: ListOptions) => {
      const found = await context.control('emergency list').call('emergencyList', { all, rows });
      if (json === true) output.json(found);
      else if (found.emergencies.length === 0) {
        output.line(all ? 'There was never an emergency access.' : 'No emergency access waits for a review.');
      } else {
        for (const line of listLines(found.emergencies)) output.line(line);
        if (found.more) output.note(`There are more; --rows shows them.`);
      }
    });
}

function registerShow(emergency: Command, context: Context): void {
  const { output } = context;
  withJson(emergency.command('show <number>'))
    .description('One of them: who, whom, why, until when, and what was done meanwhile.')
    .addHelpText('after', examples('leadglass emergency show 17'))
    .action(async (number: string, { json }: { readonly json?: boolean }) => {
      const shown = await context.control('emergency show').call('emergencyShow', { number: wholeNumber(number) });
      if (json === true) output.json(shown);
      else for (const line of shownLines(shown)) output.line(line);
    });
}

function registerReview(emergency: Command, context: Context): void {
  const { output } = context;
  withJson(emergency.command('review <number>'))
    .description(
      'Says whether it was right. Once, after its end, and not by who opened it; the verdict is in the ledger.',
    )
    .addOption(new Option('--verdict <verdict>', 'what you found').choices(verdicts).makeOptionMandatory())
    .requiredOption('--words <text>', 'what you looked at and whom you asked')
    .addHelpText(
      'after',
      examples('leadglass emergency review 17 --verdict unjustified --words "the patient was never in the house"'),
    )
    .action(async (number: string, { verdict, words, json }: ReviewOptions) => {
      const given = { number: wholeNumber(number), verdict, words };
      const reviewed = await context.control('emergency review').call('emergencyReview', given);
      if (json === true) output.json(reviewed);
      else output.line(`Emergency ${reviewed.number} of ${reviewed.email} is reviewed: ${verdict}.`);
    });
}

function listLines(emergencies: readonly EmergencyView[]): readonly string[] {
  return tableLines(emergencies, [
    { title: 'NUMBER', value: ({ number }) => number, right: true },
    { title: 'STATE', value: stateWords },
    { title: 'FROM', value: ({ from }) => shortInstant(from) },
    { title: 'PERSON', value: ({ email }) => email },
    { title: 'PATIENT ID', value: ({ patientId }) => patientId },
    { title: 'REASON', value: ({ reason }) => reason },
  ]);
}

function stateWords({ state, overdue, review }: EmergencyView): string {
  if (review !== undefined) return review.verdict;
  if (state === 'open') return 'open now';
  return overdue ? 'to review, overdue' : 'to review';
}

function shownLines({ emergency, uses, more }: EmergencyDetails): readonly string[] {
  const { number, email, role, patientId, issuer, reason, from, until, ended, review } = emergency;
  const facts: [string, string][] = [
    ['number', String(number)],
    ['state', stateWords(emergency)],
    ['person', `${email}, ${role}`],
    ['patient', issuer === '' ? patientId : `${patientId}, issued by ${issuer}`],
    ['reason', reason],
    ['from', shortInstant(from)],
    ['until', ended === undefined ? shortInstant(until) : `${shortInstant(ended.at)}, ${ended.how}`],
  ];
  if (review !== undefined) facts.push(['review', `${review.verdict}, by ${review.by}: ${review.words}`]);
  const lines = [...factLines(facts)];
  if (uses.length === 0) return lines;
  lines.push('');
  lines.push(
    ...tableLines(uses, [
      { title: 'RECORD', value: ({ seq }) => seq, right: true },
      { title: 'AT', value: ({ at }) => shortInstant(at) },
      { title: 'EVENT', value: ({ event, isRefused }) => (isRefused ? `${event} (failed)` : event) },
      { title: 'PATIENTS', value: ({ patientIds }) => patientIds.join(' ') },
      { title: 'STUDIES', value: ({ studyInstanceUids }) => studyInstanceUids.join(' ') },
    ]),
  );
  if (more) lines.push(`… and more: leadglass ledger show --who ${email} --since ${from}`);
  return lines;
}
