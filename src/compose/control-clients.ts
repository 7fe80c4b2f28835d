/** Client commands of the control door: the programs that may act for people. */
import type { ClientView, ControlServices } from '../doors/control/control-services.ts';
import { webBase } from '../doors/web/web-door.ts';
import { parseUntil } from '../guard/dates.ts';
import type { Program } from '../guard/program.ts';
import { ProgramService } from '../guard/program-service.ts';
import { limits } from '../limits.ts';
import { administer } from './caller.ts';
import type { Installation } from './installation.ts';

type ClientServices = Pick<ControlServices, 'clientAdd' | 'clientList' | 'clientShow' | 'clientRemove'>;

export function clientServices({
  installation,
  issuer,
}: {
  readonly installation: Installation;
  /** Undefined while the web door is closed. */
  readonly issuer: () => string | undefined;
}): ClientServices {
  const { guard, policy } = installation;
  const now = Date.now;
  const timeZone = Temporal.Now.timeZoneId();
  const programs = new ProgramService({ store: policy, rules: limits.oauth, now });
  const view = (program: Program): ClientView => clientView(program, issuer(), now());
  return {
    clientAdd: (call, { name, title, redirectUris, scope, until, reason }) =>
      administer(guard, call, `client ${name}: ${reason}`, (pass) => {
        const validUntilMs = parseUntil(until, timeZone);
        return view(programs.add(pass, { name, title: title ?? name, redirectUris, scope, reason, validUntilMs }));
      }),
    clientList: (call, { all }) =>
      administer(guard, call, 'all clients', (pass) => programs.list(pass, { removedToo: all }).map(view)),
    clientShow: (call, { name }) =>
      administer(guard, call, `client ${name}`, (pass) => view(programs.show(pass, name))),
    clientRemove: (call, { name, reason }) =>
      administer(guard, call, `client ${name}: ${reason}`, (pass) => {
        programs.remove(pass, name, reason);
        return { name };
      }),
  };
}

function clientView(program: Program, issuer: string | undefined, nowMs: number): ClientView {
  const { name, title, redirectUris, scope, reason, owner, createdAtMs, validUntilMs, lastUsedAtMs, removed } = program;
  const at = (ms: number): string => new Date(ms).toISOString();
  return {
    name,
    title,
    redirectUris,
    scope,
    reason,
    owner,
    from: at(createdAtMs),
    until: at(validUntilMs),
    state: removed === undefined ? (nowMs < validUntilMs ? 'open' : 'ended') : 'removed',
    ...(lastUsedAtMs === undefined ? {} : { lastUsedAt: at(lastUsedAtMs) }),
    ...(issuer === undefined ? {} : { issuer, resource: issuer + webBase }),
    ...(removed === undefined ? {} : { removed: { at: at(removed.atMs), by: removed.by, reason: removed.reason } }),
  };
}
