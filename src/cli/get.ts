/** `leadglass get`: C-GET, PS3.4 C.4.3. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { SopClasses, storageSopClasses } from '../dicom/sop-class.ts';
import { TransferSyntaxes, currentTransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { asLeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import type { Context } from './context.ts';
import type { WantedContext } from './dicom-client.ts';
import { exitStatus } from './exit-status.ts';
import { wholeNumber, withJson } from './options.ts';
import { counted, formatBytes } from './output.ts';
import { ReceivedFiles } from './received-files.ts';
import { reportRetrieve, retrieveIdentifier, withRetrieveKeys } from './retrieve.ts';
import type { RetrieveOptions } from './retrieve.ts';
import { targetOf, withTarget } from './target.ts';
import type { TargetOptions } from './target.ts';

interface GetOptions extends TargetOptions, RetrieveOptions {
  readonly out: string;
  readonly maxInstances: number;
  readonly maxBytes: number;
  readonly json?: boolean;
}

export function register(program: Command, context: Context): void {
  const { output } = context;
  withJson(withRetrieveKeys(withTarget(program.command('get'))))
    .description('C-GET: fetch instances into a new folder, as they are stored.')
    .requiredOption('--out <dir>', 'a folder that is empty or not there yet')
    .option('--max-instances <number>', 'refuse more', wholeNumber, limits.getInstancesMax)
    .option('--max-bytes <number>', 'refuse more', Number, limits.getBytesMax)
    .addHelpText(
      'after',
      '\nExamples:\n  leadglass get localhost:2762 --as read1 --study 1.2.3 --out study1\n  leadglass get localhost:2762 --as read1 --study 1.2.3 --series 1.2.3.4 --out series1',
    )
    .action(async (place: string, options: GetOptions) => {
      const target = targetOf(place, options);
      const { identifier, model } = retrieveIdentifier(options);
      const sopClassUid =
        model === 'study'
          ? SopClasses.StudyRootQueryRetrieveInformationModelGet
          : SopClasses.PatientRootQueryRetrieveInformationModelGet;
      const client = await context.connect(target, getContexts(sopClassUid));
      const files = new ReceivedFiles(resolve(options.out), target.calledAeTitle, {
        getInstancesMax: options.maxInstances,
        getBytesMax: options.maxBytes,
      });
      let failed = 0;
      const result = await client.get(sopClassUid, identifier, {
        onProgress: ({ remaining }) =>
          output.progress(
            `${counted(files.files.length, 'instance')}, ${formatBytes(files.bytes)}, ${remaining} to come`,
          ),
        onInstance: async (instance) => {
          try {
            await files.take(instance);
            output.progress(`${counted(files.files.length, 'instance')}, ${formatBytes(files.bytes)}`);
            return { status: 0 };
          } catch (thrown) {
            failed += 1;
            const error = asLeadglassError(thrown);
            if (error.code === 'LIMIT_EXCEEDED') throw error;
            output.note(`One instance could not be kept: ${error.message}`);
            // PS3.4 table C.4-1: out of resources.
            return { status: 0xa700 };
          }
        },
      });
      await client.release();
      output.progress(undefined);
      if (options.json === true) output.json({ ...result, bytes: files.bytes, files: files.files });
      else
        output.line(
          `${counted(files.files.length, 'instance')}, ${formatBytes(files.bytes)}, in ${resolve(options.out)}.`,
        );
      reportRetrieve(context, result);
      if (failed > 0) context.exitWith(exitStatus.answerIsNo);
    });
}

/**
 * One association holds 128 contexts (PS3.8 9.3.2.2): one to ask by, the rest to take instances in. The table of storage
 * classes begins with the ones in daily use.
 */
export function getContexts(sopClassUid: WantedContext['abstractSyntax']): readonly WantedContext[] {
  const uncompressed = [TransferSyntaxes.ExplicitVrLittleEndian, TransferSyntaxes.ImplicitVrLittleEndian];
  // Everything as it is stored: nothing is decoded here, so every syntax can be taken.
  const all = [
    ...currentTransferSyntaxes.map(({ uid }) => uid).filter((uid) => !uncompressed.some((known) => known === uid)),
    ...uncompressed,
  ];
  const current = [...storageSopClasses].filter(([, { retired }]) => !retired).map(([uid]) => uid);
  return [
    { abstractSyntax: sopClassUid, transferSyntaxes: uncompressed },
    ...current.slice(0, 127).map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: all, asScp: true })),
  ];
}
