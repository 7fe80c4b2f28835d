/** Keeps measurements as a report in the archive (STOW-RS with metadata, PS3.18 10.5) and shows those of a report. */
import { ownHeader, problemOf, reach } from '../../../api/client.ts';
import { ApiError } from '../../../api/api-error.ts';
import { outcomeOf } from '../../../api/dicomweb.ts';
import type { DataSetJson } from '../../../model/dicom-json.ts';
import { sessionEnded } from '../../../model/session.ts';
import { shapesOf } from '../model/read-report.ts';
import { isReportable, reportOf, type ReportedMeasurement } from '../model/report.ts';
import { pointAt } from '../model/space.ts';
import { get } from './frame-source.ts';
import type { Screen } from './screen.ts';
import { metadataOf } from './series-loader.ts';

/** PS3.5 B.2: a UUID as a UID. */
const newUid = (): string => `2.25.${BigInt(`0x${crypto.randomUUID().replaceAll('-', '')}`)}`;

/**
 * Returns how many measurements it holds.
 * @throws ApiError
 */
export async function storeReport(
  measurements: readonly ReportedMeasurement[],
  facts: { readonly observer: string; readonly description: string; readonly signal: AbortSignal },
): Promise<number> {
  const kept = measurements.filter(isReportable);
  const [first] = kept;
  if (first === undefined) return 0;
  const { study, series, instance } = first.facts.place;
  const path = `/dicom-web/studies/${study}`;
  const answer = await get(
    `${path}/series/${series}/instances/${instance}/metadata`,
    'application/dicom+json',
    facts.signal,
  );
  const found: readonly DataSetJson[] = await answer.json();
  const [source = {}] = found;
  const report = reportOf({
    source,
    measurements: kept,
    observer: facts.observer,
    seriesDescription: facts.description,
    now: new Date(),
    newUid,
  });
  const boundary = `leadglass-${crypto.randomUUID()}`;
  const type = 'application/dicom+json';
  const stored = await reach(path, {
    method: 'POST',
    credentials: 'same-origin',
    headers: {
      accept: type,
      'content-type': `multipart/related; type="${type}"; boundary=${boundary}`,
      [ownHeader[0]]: ownHeader[1],
    },
    body: `--${boundary}\r\nContent-Type: ${type}\r\n\r\n${JSON.stringify([report])}\r\n--${boundary}--\r\n`,
    signal: facts.signal,
  });
  if (stored.status === 401) sessionEnded();
  if (!stored.ok && stored.status !== 409) throw await problemOf(stored);
  const outcome = outcomeOf(stored.status, await stored.text());
  if (outcome.result === 'stored') return kept.length;
  throw new ApiError({ title: '', status: stored.status, code: 'CONFLICT', detail: outcome.words });
}

/**
 * Draws what a report measured on images of the views; returns how much of it.
 * @throws ApiError
 */
export async function showReport(
  screen: Screen,
  report: { readonly study: string; readonly series: string; readonly signal: AbortSignal },
): Promise<number> {
  const instances = await metadataOf(report.study, report.series, report.signal);
  let shown = 0;
  for (const shape of instances.flatMap(shapesOf)) {
    for (const pane of screen.panes.values()) {
      const index = pane.state
        .get()
        .frames.findIndex(({ place }) => place.instance === shape.instance && place.frame === shape.frame);
      const facts = pane.state.get().frames[index];
      const imageId = pane.imageIds[index];
      if (facts === undefined || imageId === undefined) continue;
      const points = shape.points.map((point) => {
        const [x, y, z] = pointAt(facts, point);
        return [x, y, z] as [number, number, number];
      });
      screen.place(pane, shape.tool, points, imageId);
      if (shown === 0) pane.goTo(index);
      shown += 1;
      break;
    }
  }
  return shown;
}
