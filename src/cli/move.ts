/** `leadglass move`: C-MOVE, PS3.4 C.4.2. */
import type { Command } from 'commander';
import { SopClasses } from '../dicom/sop-class.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import type { Context } from './context.ts';
import type { RetrieveProgress, RetrieveResult } from './dicom-client.ts';
import { interrupted } from './interruption.ts';
import { withJson } from './options.ts';
import { reportRetrieve, retrieveIdentifier, withRetrieveKeys } from './retrieve.ts';
import type { RetrieveOptions } from './retrieve.ts';
import { targetOf, withTarget } from './target.ts';
import type { TargetOptions } from './target.ts';

export function register(program: Command, context: Context): void {
  const { output } = context;
  withJson(withRetrieveKeys(withTarget(program.command('move'))))
    .description('C-MOVE: have instances sent to a third AE. Leadglass sends only where the opening says so.')
    .requiredOption('--to <aet>', 'move destination')
    .addHelpText('after', '\nExample:\n  leadglass move localhost:2762 --as read1 --study 1.2.3 --to WS2')
    .action(
      async (
        place: string,
        options: TargetOptions & RetrieveOptions & { readonly to: string; readonly json?: boolean },
      ) => {
        const target = targetOf(place, options);
        const { identifier, model } = retrieveIdentifier(options);
        const sopClassUid =
          model === 'study'
            ? SopClasses.StudyRootQueryRetrieveInformationModelMove
            : SopClasses.PatientRootQueryRetrieveInformationModelMove;
        let last: RetrieveProgress | undefined;
        const onProgress = (progress: RetrieveProgress): void => {
          last = progress;
          const { completed, failed, remaining } = progress;
          output.progress(`${completed} moved, ${failed} failed, ${remaining} to go`);
        };
        let result: RetrieveResult;
        try {
          await using client = await context.connect(target, [
            {
              abstractSyntax: sopClassUid,
              transferSyntaxes: [TransferSyntaxes.ExplicitVrLittleEndian, TransferSyntaxes.ImplicitVrLittleEndian],
            },
          ]);
          result = await client.move(sopClassUid, identifier, { destination: options.to, onProgress });
        } catch (error) {
          if (!context.signal.aborted) throw error;
          output.progress(undefined);
          reportInterrupted(context, last, options);
          throw interrupted();
        }
        output.progress(undefined);
        if (options.json === true) output.json({ ...result, interrupted: false });
        else output.line(`${result.completed + result.warning} moved to ${options.to}, ${result.failed} failed.`);
        reportRetrieve(context, result);
      },
    );
}

/** What the peer had said last; it goes on with nothing once the association is aborted. */
function reportInterrupted(
  { output }: Context,
  last: RetrieveProgress | undefined,
  { to, json }: { readonly to: string; readonly json?: boolean },
): void {
  const { completed = 0, failed = 0, remaining } = last ?? {};
  if (json === true) {
    const rest = remaining === undefined ? {} : { notMoved: remaining };
    output.json({ completed, failed, ...rest, interrupted: true });
    return;
  }
  const rest = remaining === undefined ? 'the peer had told of none' : `${remaining} not moved`;
  output.line(`${completed} moved to ${to}, ${failed} failed; ${rest}.`);
}
