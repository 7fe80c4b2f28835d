/**
 * Every limit of Leadglass in one place, each with its unit in the name and its reason beside it. Readers take the part
 * they need as a required argument, so that no caller can forget it. A leaf: it imports nothing.
 */
export const limits = {
  // ── data sets (src/dicom) ────────────────────────────────────────────────────────────────────────────────────────
  // ── upper layer (src/upper-layer, PS3.8) ─────────────────────────────────────────────────────────────────────────
  // ── DIMSE (src/dimse, PS3.7) ─────────────────────────────────────────────────────────────────────────────────────
  // ── guard ────────────────────────────────────────────────────────────────────────────────────────────────────────
  // ── ledger and keys ──────────────────────────────────────────────────────────────────────────────────────────────
  /** A ledger file is read as a whole by nobody, but copied and checked as one piece; small enough for both. */
  ledgerFileBytesMax: 64 * 1024 * 1024,
  /** An audit message has some kilobytes; a query identifier in base64 is the longest part and bounded by DIMSE. */
  ledgerRecordBytesMax: 1024 * 1024,
  /** Memory for records that wait for the disk; more means that the disk cannot follow, and refusing is honest. */
  ledgerPendingBytesMax: 32 * 1024 * 1024,
  /** One write and fdatasync; larger ones only make the first caller wait longer. */
  ledgerBatchBytesMax: 1024 * 1024,
  /** What a start has to read again at most, and what an auditor cannot check yet at most. */
  ledgerCheckpointRecordsMax: 1000,
  ledgerCheckpointIntervalMs: 60_000,
  /** NTP slews below this; a jump above it makes times in the ledger doubtful (IHE CT wants less than a second). */
  ledgerClockJumpMs: 2000,
  /** Begun records of running transfers, each remembered for recovery after a crash. */
  ledgerOpenTransferRecordsMax: 100_000,
  /** Data keys of studies kept in memory: each saves one unwrapping per instance; 32 bytes of secret each. */
  studyKeysCachedMax: 512,
  // ── archive ──────────────────────────────────────────────────────────────────────────────────────────────────────
  // ── doors and command line ───────────────────────────────────────────────────────────────────────────────────────
  /** One command's arguments; the largest is an `opening apply` of thousands of openings. */
  controlBodyBytesMax: 8 * 1024 * 1024,
  /** People at keyboards and their scripts; an import uses a few. */
  controlConnectionsMax: 64,
  /** Imports and exports under way at once. */
  controlSessionsMax: 16,
  /** A client that died mid-import is noticed after this long. */
  controlSessionIdleMs: 60_000,
  /** Names and a command word. */
  controlHeaderBytesMax: 8 * 1024,
  /** A request may carry a file of many gigabytes from a slow disk. */
  controlRequestMsMax: 3_600_000,
} as const;
