/** Commands of the control door about studies: queries, removals and releases as the guard admits them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { listPatientMismatches } from '../backends/archive/conflicts.ts';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { parseUid, type Uid } from '../dicom/uid.ts';
import type { Call, ControlServices, StudyView } from '../doors/control/control-services.ts';
import { LeadglassError } from '../error.ts';
import type { Guard } from '../guard/guard.ts';
import { ReleaseService } from '../guard/release.ts';
import { limits } from '../limits.ts';
import { reachOfStudy } from '../backends/archive/index/scope-sql.ts';
import { dateOfNewest, findHidden, patientMismatchesOf } from './archive-facts.ts';
import { conflictServices } from './control-conflicts.ts';
import { verifyServices } from './control-verify.ts';
import type { Installation } from './installation.ts';
import { administer, asCaller } from './caller.ts';
import { removalView } from './removal-view.ts';
import { dicomDay, isUnfiltered, listQuery, showQuery } from './study-queries.ts';
import { releaseViews } from './release-views.ts';
import { bySeriesNumber, NewestStudies, seriesView, studyView } from './study-views.ts';

type StudyServices = Pick<ControlServices, 'studyList' | 'studyShow' | 'studyRemove' | 'studyRelease'> &
  ReturnType<typeof conflictServices> &
  ReturnType<typeof verifyServices>;

export function studyServices(installation: Installation): StudyServices {
  return {
    ...verifyServices(installation),
    ...conflictServices(installation),
    studyList: studyList(installation),
    studyShow: studyShow(installation),
    studyRemove: studyRemove(installation),
    studyRelease: studyRelease(installation),
  };
}

function studyList({ guard, archive }: Installation): ControlServices['studyList'] {
  return async (call, given) => {
    await refuseWithoutRole(guard, call, 'study list');
    const { rows, removed, mismatched } = given;
    const query = listQuery(
      given,
      isUnfiltered(given) ? dateOfNewest(archive, { rows, to: given.to && dicomDay(given.to) }) : undefined,
    );
    return asCaller(guard, call, { kind: 'find', query }, async ({ pass }) => {
      const wanted = mismatched
        ? new Set<string>(listPatientMismatches(archive).map(({ studyInstanceUid }) => studyInstanceUid))
        : undefined;
      const found = new NewestStudies(rows + 1);
      for await (const answer of removed ? findHidden(archive, pass) : archive.find(pass)) {
        call.signal.throwIfAborted();
        if (wanted?.has(answer.text(Tags.StudyInstanceUID) ?? '') !== false) found.add(answer);
      }
      const answers = found.taken();
      const studies: StudyView[] = [];
      for (const answer of answers.slice(0, rows)) {
        const view = studyView(archive, answer);
        if (view !== undefined) studies.push(view);
        await nextTurn(); // a large study's length takes a while to add up
      }
      return { studies, more: answers.length > rows };
    });
  };
}

function studyShow({ guard, archive, policy, ledger }: Installation): ControlServices['studyShow'] {
  return async (call, given) => {
    await refuseWithoutRole(guard, call, 'study show');
    const studyInstanceUid = studyUid(given.studyInstanceUid);
    const query = showQuery(studyInstanceUid);
    return asCaller(guard, call, { kind: 'find', query }, async ({ pass }) => {
      let answers = await Array.fromAsync(archive.find(pass));
      if (answers.length === 0) answers = [...findHidden(archive, pass)];
      const study = answers[0] === undefined ? undefined : studyView(archive, answers[0]);
      if (study === undefined) throw new LeadglassError('NOT_FOUND', `There is no study ${studyInstanceUid}`);
      const removal = await removalView({ archive, ledger }, studyInstanceUid);
      return {
        study,
        series: answers.map(seriesView).toSorted(bySeriesNumber),
        patientMismatches: patientMismatchesOf(archive, {
          studyInstanceUid,
          rowsMax: limits.patientMismatchesShownMax,
        }),
        releases: releaseViews(policy, studyInstanceUid, Date.now()),
        ...(removal === undefined ? {} : { removal }),
      };
    });
  };
}

function studyRemove({ guard, archive }: Installation): ControlServices['studyRemove'] {
  return async (call, { step, reason, studyInstanceUid: text }) => {
    const studyInstanceUid = studyUid(text);
    const operation = { kind: 'remove', studyInstanceUid, step, reason } as const;
    return asCaller(guard, call, operation, async ({ pass }) => {
      const { instances } = await archive.remove(pass);
      return { studyInstanceUid, step, instances };
    });
  };
}

function studyRelease({ guard, archive, policy }: Installation): ControlServices['studyRelease'] {
  const releases = new ReleaseService({ store: policy, now: Date.now, timeZone: Temporal.Now.timeZoneId() });
  return async (call, { studyInstanceUid: text, device, until, reason }) => {
    const studyInstanceUid = studyUid(text);
    const name = parseAeTitle(device, 'AE title');
    return administer(guard, call, `study ${studyInstanceUid} to ${name} until ${until}: ${reason}`, (pass) => {
      // A partner gets the whole study: whoever reaches a part of it cannot give away the rest.
      switch (reachOfStudy(archive.index, pass.scope, studyInstanceUid)) {
        case 'none':
          throw new LeadglassError('NOT_FOUND', `Cannot release the study: there is no study ${studyInstanceUid}`);
        case 'part':
          throw new LeadglassError(
            'NOT_AUTHORIZED',
            'Cannot release the study: your opening reaches a part of it only',
          );
        case 'whole':
          break;
      }
      releases.add(pass, { device: name, studyInstanceUid, until, reason });
      return { studyInstanceUid, device: name, until };
    });
  };
}

/**
 * What these tell of a study (numbers, other patients that it arrived under, releases, removals) is bounded by no scope, so that the right to
 * find is not enough: a person's role must hold the command, as none does today.
 * @throws RefusedError, recorded
 */
async function refuseWithoutRole(guard: Guard, call: Call, command: string): Promise<void> {
  if ('session' in call.caller) await administer(guard, { ...call, command }, '', () => undefined);
}

const studyUid = (text: string): Uid => parseUid(text, 'Study Instance UID');
