/**
 * Reads everything: each record of each segment, each chunk and digest of each stored instance, and whether the index says
 * what the segments say. Names what is wrong by segment, offset and instance; changes nothing.
 */
import type { SQLOutputValue } from 'node:sqlite';
import { asLeadglassError } from '../../error.ts';
import type { Archive } from './archive.ts';
import { ArchiveIndex, unpackExtents } from './index/archive-index.ts';
import { bytesIn, type Row } from './index/columns.ts';
import { openIndexFile } from './index/schema.ts';
import { replay, type SegmentProblem } from './replay.ts';
import { deriveKey } from './store/seal.ts';
import { segmentName } from './store/segment-log.ts';
import { listSegments, scanSegment } from './store/segment-scan.ts';

export interface VerifyProblem {
  /** Segment and offset, or the row of the index. */
  readonly where: string;
  readonly problem: string;
  readonly segment?: number;
  readonly offset?: number;
  /** Local number of the instance. */
  readonly instance?: number;
  readonly sopInstanceUid?: string;
}

export interface VerifyReport {
  readonly intact: boolean;
  readonly instances: number;
  /** Of plaintext, each checked. */
  readonly bytes: number;
  /** At most `verifyProblemsMax`; `problemCount` counts all. */
  readonly problems: readonly VerifyProblem[];
  readonly problemCount: number;
}

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total: number) => void;
}

const pageRows = 200;

/**
 * Reads and compares everything that was safe when it began; the archive may go on meanwhile.
 * @throws the signal's reason; what reading the index or listing the segments throws
 */
export async function verify(archive: Archive, options: VerifyOptions = {}): Promise<VerifyReport> {
  const problems = new Problems(archive.options.limits.verifyProblemsMax);
  await lookAtSegments(archive, { options, problems });
  const read = await readInstances(archive, { options, problems });
  await lookAtIndex(archive, problems);
  return { intact: problems.count === 0, ...read, problems: problems.listed, problemCount: problems.count };
}

/** The first ones by name, since a lost disk has as many as it had instances; all of them counted. */
class Problems {
  readonly listed: VerifyProblem[] = [];
  count = 0;
  readonly #listedMax: number;

  constructor(listedMax: number) {
    this.#listedMax = listedMax;
  }

  add(problem: VerifyProblem): void {
    this.count += 1;
    if (this.listed.length < this.#listedMax) this.listed.push(problem);
  }
}

interface Looking {
  readonly options: VerifyOptions;
  readonly problems: Problems;
}

/** Framing: every byte of a segment belongs to a record whose checksum is right. */
async function lookAtSegments(archive: Archive, { options, problems }: Looking): Promise<void> {
  const { fileSystem, segmentDirectory: directory, log } = archive;
  for (const segment of await listSegments(fileSystem, directory)) {
    const { durable } = log;
    for await (const scanned of scanSegment(fileSystem, { directory, segment, from: 0 }, archive.options.limits)) {
      options.signal?.throwIfAborted();
      if (scanned.kind !== 'damage') continue;
      // The end of the current segment may be half written while we look.
      if (segment > durable.segment || (segment === durable.segment && scanned.offset >= durable.offset)) continue;
      problems.add(atSegment({ segment, offset: scanned.offset, problem: 'bytes that are no record' }));
    }
  }
}

async function readInstances(
  archive: Archive,
  { options, problems }: Looking,
): Promise<{ readonly instances: number; readonly bytes: number }> {
  const { index } = archive;
  let instances = 0;
  let bytes = 0;
  const total = Number(index.statement('SELECT count(*) AS n FROM instance').get()?.['n'] ?? 0);
  for (const [table, column, where] of [
    ['instance', 'id', ''],
    ['conflict', 'instance', "state = 'waiting' AND"],
  ] as const) {
    let after = 0;
    for (;;) {
      const rows = index
        .statement(
          `SELECT ${column} AS instance, * FROM ${table} WHERE ${where} ${column} > ? ORDER BY ${column} LIMIT ?`,
        )
        .all(after, pageRows);
      for (const row of rows) {
        options.signal?.throwIfAborted();
        const found = await readInstance(archive, row);
        if (found !== undefined && isStill(archive, { table, column, row })) problems.add(found);
        instances += 1;
        bytes += Number(row['length']);
        options.progress?.(instances, Math.max(total, instances));
      }
      const last = rows.at(-1);
      if (last === undefined) break;
      after = Number(last['instance']);
    }
  }
  return { instances, bytes };
}

/** A row that compaction or a removal changed while we read it is no problem. */
function isStill(archive: Archive, { table, column, row }: { table: string; column: string; row: Row }): boolean {
  const now = archive.index.statement(`SELECT extents FROM ${table} WHERE ${column} = ?`).get(row['instance'] ?? 0);
  return now !== undefined && Buffer.compare(bytesIn(now, 'extents'), bytesIn(row, 'extents')) === 0;
}

/** Undefined: intact. */
async function readInstance(archive: Archive, row: Row): Promise<VerifyProblem | undefined> {
  const instance = Number(row['instance']);
  const sopInstanceUid = String(row['uid']);
  const commitAt = { segment: Number(row['commit_segment']), offset: Number(row['commit_offset']) };
  const extents = unpackExtents(bytesIn(row, 'extents'));
  try {
    const entry = await archive.readEntry(commitAt);
    if (entry === undefined) return undefined; // the study was removed while we looked
    if (entry.instance !== instance) throw new Error(`its commit record belongs to instance ${entry.instance}`);
    const { lengthBytes, sha256 } = entry.facts;
    const key = deriveKey(archive.keys.get(entry.keyId), 'instance', entry.salt);
    for await (const chunk of archive.reader.read(() => ({ instance, key, extents, lengthBytes, sha256 }))) void chunk;
    return undefined;
  } catch (error) {
    const { segment, offset } = extents[0] ?? commitAt;
    const problem =
      error instanceof Error && error.constructor === Error ? error.message : asLeadglassError(error).message;
    return { ...atSegment({ segment, offset, problem, instance }), sopInstanceUid };
  }
}

function atSegment(problem: SegmentProblem): VerifyProblem {
  const ofInstance = problem.instance === undefined ? '' : `, instance ${problem.instance}`;
  return { ...problem, where: `segment ${segmentName(problem.segment)}, offset ${problem.offset}${ofInstance}` };
}

/** What an index made from the segments alone would hold, in the columns that do not depend on the order of row numbers. */
const comparisons: readonly { readonly what: string; readonly sql: string }[] = [
  {
    what: 'patient',
    sql: `SELECT identity AS uid, patient_id, issuer, name, name_ideographic, name_phonetic, birth_date, sex, head FROM patient
          ORDER BY identity`,
  },
  {
    what: 'study',
    sql: `SELECT uid, key_id, hidden, patient_id, issuer, name, name_ideographic, name_phonetic, birth_date, sex, date, time,
          accession, study_id, description, head FROM study ORDER BY uid`,
  },
  {
    // Without them a fuzzy question would not find the study.
    what: 'words of study',
    sql: `SELECT st.uid, words FROM study st LEFT JOIN (SELECT study, group_concat(key, ' ' ORDER BY key) AS words FROM name_word
          GROUP BY study) nw ON nw.study = st.id ORDER BY st.uid`,
  },
  {
    what: 'series',
    sql: `SELECT st.uid || ' ' || se.uid AS uid, modality, number, se.description, body_part, department, se.date, se.time,
          pps_date, pps_time, instances, se.head FROM series se JOIN study st ON st.id = se.study ORDER BY 1`,
  },
  {
    what: 'instance',
    sql: `SELECT i.uid, i.id, se.uid AS series_uid, sop_class, i.number, transfer_syntax, length, sha256, salt, extents,
          commit_segment, commit_offset, part10, received_ms, i.head FROM instance i JOIN series se ON se.id = i.series
          ORDER BY i.uid`,
  },
  {
    what: 'conflict',
    sql: `SELECT instance AS uid, study_uid, key_id, sha256, length, salt, extents, commit_segment, commit_offset FROM conflict
          WHERE state = 'waiting' ORDER BY instance`,
  },
];

async function lookAtIndex(archive: Archive, problems: Problems): Promise<void> {
  for (const row of archive.index.database.prepare('PRAGMA integrity_check(20)').all()) {
    const said = String(row['integrity_check']);
    if (said !== 'ok') problems.add({ where: 'index', problem: said });
  }
  const fresh = new ArchiveIndex(openIndexFile(''));
  try {
    const report = await replay(fresh, archive.replaySource, { segment: 0, offset: 0 });
    for (const problem of report.problems) if (problem.instance !== undefined) problems.add(atSegment(problem));
    for (const { what, sql } of comparisons) {
      for (const difference of differences(archive.index, fresh, { what, sql })) problems.add(difference);
    }
  } finally {
    fresh.close();
  }
}

/** Both in the order of `uid`, walked together. */
function* differences(
  index: ArchiveIndex,
  fresh: ArchiveIndex,
  { what, sql }: { readonly what: string; readonly sql: string },
): Generator<VerifyProblem> {
  const expected = fresh.database.prepare(sql).iterate();
  const expectedRows = new Map<string, Row>();
  for (const row of expected) expectedRows.set(String(row['uid']), row);
  for (const row of index.database.prepare(sql).iterate()) {
    const uid = String(row['uid']);
    const other = expectedRows.get(uid);
    expectedRows.delete(uid);
    if (other === undefined) yield { where: `index, ${what} ${uid}`, problem: 'is not in the segments' };
    else {
      const columns = Object.keys(row).filter((column) => !isEqual(row[column], other[column]));
      if (columns.length > 0)
        yield { where: `index, ${what} ${uid}`, problem: `differs from the segments in ${columns.join(', ')}` };
    }
  }
  for (const uid of expectedRows.keys())
    yield { where: `index, ${what} ${uid}`, problem: 'is missing, but in the segments' };
}

function isEqual(one: SQLOutputValue | undefined, other: SQLOutputValue | undefined): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0;
  return one === other;
}
