/** `leadglass echo`: C-ECHO, PS3.4 A. */
import type { Command } from 'commander';
import { SopClasses } from '../dicom/sop-class.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import type { Context } from './context.ts';
import { statusText } from './dicom-client.ts';
import { exitStatus } from './exit-status.ts';
import { interrupted } from './interruption.ts';
import { withJson } from './options.ts';
import { targetOf, withTarget } from './target.ts';
import type { TargetOptions } from './target.ts';

export function register(program: Command, context: Context): void {
  const { output } = context;
  withJson(withTarget(program.command('echo')))
    .description('C-ECHO: is the peer there, and does it take us?')
    .addHelpText(
      'after',
      '\nExamples:\n  leadglass echo localhost:2762 --as ct1\n  leadglass echo 10.1.2.3:104 --plain --calling WS1 --called OLDPACS',
    )
    .action(async (place: string, options: TargetOptions & { readonly json?: boolean }) => {
      const target = targetOf(place, options);
      const before = performance.now();
      let connectedMs: number | undefined;
      let status: number;
      let echoMs: number;
      try {
        await using client = await context.connect(target, [
          { abstractSyntax: SopClasses.Verification, transferSyntaxes: [TransferSyntaxes.ImplicitVrLittleEndian] },
        ]);
        connectedMs = performance.now() - before;
        status = await client.echo();
        echoMs = performance.now() - before - connectedMs;
      } catch (error) {
        if (!context.signal.aborted) throw error;
        if (options.json === true) output.json({ ok: false, interrupted: true });
        else {
          const what = connectedMs === undefined ? 'had not accepted an association' : 'had not answered';
          output.line(`${target.calledAeTitle} ${what} until then.`);
        }
        throw interrupted();
      }
      const facts = {
        ok: status === 0,
        status,
        connectedMs: Math.round(connectedMs),
        echoMs: Math.round(echoMs * 10) / 10,
        interrupted: false,
      };
      if (options.json === true) output.json(facts);
      else {
        output.line(
          status === 0
            ? `${target.calledAeTitle} answers: association in ${facts.connectedMs} ms, echo in ${facts.echoMs} ms${target.tls === undefined ? ', WITHOUT TLS' : ''}.`
            : `${target.calledAeTitle} answers with status ${statusText(status)}.`,
        );
      }
      if (status !== 0) context.exitWith(exitStatus.answerIsNo);
    });
}
