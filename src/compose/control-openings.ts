/** Opening commands of the control door, over the guard's service. */
import { createHash } from 'node:crypto';
import type { ControlServices } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import type { OpeningEntry } from '../guard/device-requests.ts';
import type { OpeningDifference, OpeningService } from '../guard/opening-service.ts';
import { waitingView } from './device-changes.ts';
import { DeviceViews } from './device-views.ts';
import type { Installation } from './installation.ts';
import { entryOf, termsText } from './opening-texts.ts';
import { administer } from './caller.ts';

type OpeningServices = Pick<
  ControlServices,
  'openingList' | 'openingShow' | 'openingClose' | 'openingExport' | 'openingApply'
>;

export function openingServices(
  { guard, policy }: Installation,
  facts: {
    readonly openings: OpeningService;
    readonly arrangePlainDoors: () => Promise<void>;
    readonly isSecondThere: (askedBy: string) => boolean;
  },
): OpeningServices {
  const { openings, arrangePlainDoors, isSecondThere } = facts;
  const timeZone = Temporal.Now.timeZoneId();
  const now = Date.now;
  const views = new DeviceViews({ policy, timeZone, now });
  return {
    openingList: (call, { all }) =>
      administer(guard, call, 'all openings', (pass) => {
        guard.writeUses();
        return openings
          .list(pass, { closedToo: all })
          .filter(({ state }) => all || state !== 'ended')
          .map(({ opening, marks }) => views.opening(opening, marks));
      }),
    openingShow: (call, { name }) =>
      administer(guard, call, `opening ${name}`, (pass) => {
        guard.writeUses();
        const { opening, marks } = openings.show(pass, name);
        return views.opening(opening, marks);
      }),
    openingClose: (call, { name, reason }) =>
      administer(guard, call, `opening ${name}: ${reason}`, async (pass) => {
        const { opening } = openings.show(pass, name);
        const running = guard.runningSessions(opening.device);
        openings.close(pass, name, reason);
        await arrangePlainDoors();
        return { name, associationsEnded: running - guard.runningSessions(opening.device) || running };
      }),
    openingExport: (call) =>
      administer(guard, call, 'all openings', () => ({
        openings: policy
          .openings()
          .filter(({ closed }) => closed === undefined)
          .map((opening) => termsText(opening, timeZone)),
      })),
    openingApply: (call, { openings: wanted, planned }) =>
      administer(
        guard,
        call,
        planned === undefined ? 'difference only' : `difference ${planned.slice(0, 16)}`,
        async (pass) => {
          const document = { openings: wanted.map(entryOf) };
          const difference = openings.difference(pass, document);
          const digest = createHash('sha256').update(JSON.stringify(difference)).digest('hex');
          if (planned === undefined) return { changes: changesOf(difference), digest, applied: false };
          if (planned !== digest) {
            throw new LeadglassError(
              'CONFLICT',
              'Cannot apply the openings: they changed since the difference was shown; look at it again',
            );
          }
          guard.writeUses(); // a prolonged opening goes on counting from here
          const waiting = openings.apply(pass, document, difference);
          if (waiting !== undefined) {
            const view = waitingView(waiting, isSecondThere);
            return { changes: changesOf(difference), digest, applied: false, waiting: view };
          }
          await arrangePlainDoors();
          return { changes: changesOf(difference), digest, applied: true };
        },
      ),
  };
}

function changesOf({
  added,
  changed,
  closed,
}: OpeningDifference): Awaited<ReturnType<ControlServices['openingApply']>>['changes'] {
  const lines = (entry: OpeningEntry): string[] => [
    `device: ${entry.device}`,
    `purpose: ${entry.purpose}`,
    `until: ${entry.until}`,
  ];
  return [
    ...added.map((entry) => ({ kind: 'open' as const, name: entry.name, lines: lines(entry) })),
    ...changed.map(({ name, before, after, keepsUses }) => ({
      kind: 'change' as const,
      name,
      lines: [
        ...differingLines(before, after),
        keepsUses ? 'uses: counted on' : 'uses: counted anew, since it allows something else than before',
      ],
    })),
    ...closed.map((entry) => ({ kind: 'close' as const, name: entry.name, lines: lines(entry) })),
  ];
}

function differingLines(before: OpeningEntry, after: OpeningEntry): string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  const fresh = new Map<string, unknown>(Object.entries(after));
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((key) => {
    const was = JSON.stringify(old.get(key)) ?? 'nothing';
    const is = JSON.stringify(fresh.get(key)) ?? 'nothing';
    return was === is ? [] : [`${key}: ${was} -> ${is}`];
  });
}
