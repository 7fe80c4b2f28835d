/**
 * Every limit of Leadglass in one place, each with its unit in the name and its reason beside it. Readers take the part
 * they need as a required argument, so that no caller can forget it. A leaf: it imports nothing.
 */
export const limits = {
  // ── data sets (src/dicom) ────────────────────────────────────────────────────────────────────────────────────────
  dataSet: {
    // Structured reports nest about 15 deep; a reader of ours that recurses must never meet more.
    depthMax: 64,
    // Enhanced multi-frame objects have about 60 for each frame.
    elementsMax: 2_000_000,
    // Each costs a reader an object; 200,000 empty ones fit in 1.6 MB of hostile input.
    itemsMax: 100_000,
    // Whole slide images have one for each tile.
    fragmentsMax: 1_000_000,
    // No native pixel data comes near; a length close to 4 GiB is an attack or a mistake.
    valueBytesMax: 3 * 1024 ** 3,
    // Larger than any deflated object seen, and a bomb is stopped in about a second.
    inflatedBytesMax: 512 * 1024 ** 2,
    // Real data sets deflate 2 to 20 times; deflate's own bound is 1032.
    inflateRatioMax: 200,
    // A blank image of this size is a real thing and deflates a thousandfold.
    inflatedBytesFree: 16 * 1024 ** 2,
  },
  /** What is kept of an instance while it streams by: the attributes of index, guard and ledger. */
  dataSetKept: {
    // UT and UC are never wanted; a PN or an LO list is far below.
    keptValueBytesMax: 64 * 1024,
    keptBytesMax: 1024 ** 2,
  },
  /** Data sets that become an object in memory: identifiers of queries, commitment requests, event reports. */
  identifier: {
    depthMax: 16,
    elementsMax: 80_000,
    // A commitment request names each instance of a study as one item, of two or three elements.
    itemsMax: 20_000,
    fragmentsMax: 0,
    valueBytesMax: 1024 ** 2,
    inflatedBytesMax: 8 * 1024 ** 2,
    inflateRatioMax: 200,
    inflatedBytesFree: 1024 ** 2,
  },
  /** De-identification: attributes are read and written anew, pixels are not (src/dicom/de-identify). */
  deIdentify: {
    // Attributes of a multi-frame object of thousands of frames; longer values that stay are not held.
    newBytesMax: 32 * 1024 ** 2,
    // UIDs, dates and descriptions that change; longer ones are nobody's.
    changedValueBytesMax: 64 * 1024,
    // Studies, series and instances that researchers saw last, some 200 bytes each; what is forgotten is looked for again.
    rememberedUidsMax: 100_000,
    // All studies are looked through for a UID that nobody knows: once in this time for each researcher's reach.
    searchedAgainMs: 10_000,
    // Studies of one patient, for a search by a pseudonym; more can be found by their UIDs.
    patientStudiesMax: 1_000,
    // Changed attributes of the instances that researchers saw last.
    plansBytesMax: 32 * 1024 ** 2,
  },
  part10: {
    // The file meta group is a few hundred bytes; private information in it is rare and small.
    metaBytesMax: 64 * 1024,
  },
  /** The JSON and XML models of a data set (src/dicom/models). */
  model: {
    // A value longer than this stands in no answer as text or base64; it is bulk data, or the answer is refused.
    inlineValueBytesMax: 1024 ** 2,
    // Viewers read short binary values at once and fetch palettes, waveforms and pixels when they need them.
    inlineBulkBytesMax: 1024,
    // Metadata of 2,000 slices has about 10 MB; a reader holds the text and what becomes of it.
    documentBytesMax: 64 * 1024 ** 2,
    depthMax: 64,
    // Of one document, as objects in memory: 2,000 slices of 200 attributes.
    elementsMax: 500_000,
    itemsMax: 100_000,
    // Curves and points of structure sets have the most; each costs a reader some 50 bytes.
    valuesMax: 4_000_000,
    // The longest number with a meaning is a double of 17 digits with sign, point and exponent.
    numberCharactersMax: 64,
    // Nobody writes longer ones; each is compared with the parts of its request.
    uriCharactersMax: 2048,
  },
  /** Identifiers of C-FIND and QIDO. */
  query: {
    // The fullest identifiers of reading stations have about 80.
    queryKeysMax: 512,
    // Viewers list the instances of a whole series by UID; each costs the index one look-up.
    queryValuesMax: 4096,
    // Nobody types more; each may cost a walk over the value.
    queryWildcardsMax: 16,
    // The longest value of PN (3 groups of 64) with room; lists of UIDs are bounded by their number.
    queryValueCharactersMax: 1024,
    // Scheduled and request attributes sequences with a code sequence within: 2.
    querySequenceDepthMax: 4,
  },
  // ── upper layer (src/upper-layer, PS3.8) ─────────────────────────────────────────────────────────────────────────
  /** The fullest legal A-ASSOCIATE-RQ (128 contexts of 64 transfer syntaxes, all UIDs of 64 bytes) has 0.6 MiB. */
  associatePduBytesMax: 1024 * 1024,
  /** Odd numbers from 1 to 255, PS3.8 9.3.2.2. */
  presentationContextsMax: 128,
  /** The standard has some 60 current ones; nobody proposes all. */
  transferSyntaxesPerContextMax: 64,
  /** Role, extended and common extended negotiation for each of 128 contexts, and the single ones. */
  userSubItemsMax: 400,
  /** Items that the standard does not know yet are skipped; more than these are no extension but an attack. */
  unknownItemsMax: 64,
  /**
   * What we announce. Measured on two cores over loopback, 0.5 MB messages thrown away: 1.1 to 2.1 GB/s and the same
   * processor time from 16 KiB to 1 MiB, since PDUs are not assembled. So the choice is for senders: their cost is per PDU
   * (DCMTK sends no longer ones than 128 KiB), and some buffer each one whole.
   */
  pduLengthBytesMax: 256 * 1024,
  /** The longest PDU we make; beyond it nothing gets faster and a receiver may buffer it whole. */
  sentPduLengthBytesMax: 1024 * 1024,
  /** DCMTK's least is 4,096; a peer below this only makes us send headers. */
  peerPduLengthBytesMin: 1024,
  /** Toolkits send one or two; each costs some microseconds before its sender is known. */
  pdvsPerPduMax: 64,
  /** A 256 KiB PDU takes 33 s at 64 kbit/s, and a modality may pause between two slices. */
  associationIdleMs: 120_000,
  /** PS3.8 9.1.4 leaves it open; DCMTK and Orthanc wait 30 s. */
  artimMs: 30_000,
  /** A peer may ask its directory before it answers. */
  acceptTimeoutMs: 30_000,
  releaseTimeoutMs: 30_000,
  /** One AES-GCM key is good for about 360 GiB of full records (RFC 9325 4.4); TLS sockets here cannot rekey. */
  associationBytesMax: 256 * 1024 ** 3,
  // ── DIMSE (src/dimse, PS3.7) ─────────────────────────────────────────────────────────────────────────────────────
  dimse: {
    // A command set has some 200 bytes; a long list of attribute identifiers is the largest thing in one.
    commandSetBytesMax: 64 * 1024,
    // Group 0000 has 21 elements, retired ones included some 60.
    commandElementsMax: 128,
    // A commitment request of 10,000 instances has about this; an identifier with lists of UIDs is far below.
    identifierBytesMax: 1024 ** 2,
    // A window of 16 fills a link of 100 ms at 1 Gbit/s with slices of 0.5 MB; each operation has its memory.
    operationsMax: 16,
    // The rest of a refused data set is read so that a sender which listens only afterwards gets its status.
    drainedBytesMax: 1024 ** 3,
    // A busy PACS may fetch from tape before its first answer.
    responseMsMax: 120_000,
    // Of one request of ours: matches that a server sends, or progress of a retrieval.
    pendingResponsesMax: 1_000_000,
    // Each two of them can be the fault of one instance; a peer that ends so many is ill itself.
    endsWithoutAnswerMax: 8,
  },
  /** TCP and TLS handshake when we are the client; a peer over a satellite link needs some seconds. */
  connectMsMax: 15_000,
  /** TLS when we are the server (src/upper-layer/tls-options.ts): two round trips and a signature. */
  tlsHandshakeMsMax: 10_000,
  /** RFC 9325 3.4: about half the life of a ticket key or less. */
  tlsSessionSecondsMax: 3_600,
  /** RFC 9325 3.4 says weekly, for instance; a day costs nothing. */
  tlsTicketKeyMs: 24 * 3_600_000,
  /** How late a changed certificate file is seen: reading a few kilobytes again costs nothing. */
  certificateReviewMs: 5_000,
  /** The hospital's OpenID provider (src/oidc), also where it is only asked for the keys of its access tokens. */
  provider: {
    // Metadata and keys of large providers have up to 20 KB; a hostile document must not take the memory.
    providerAnswerBytesMax: 256 * 1024,
    providerHeaderBytesMax: 16 * 1024,
    // A person waits for it; a provider at work answers within a second.
    providerRequestMs: 5_000,
    // A change of shifts; more wait for a provider that does not answer, and are told so.
    providerRequestsAtOnceMax: 32,
    // Endpoints change rarely, and by announcement.
    providerMetadataMs: 3_600_000,
    // A provider that answers nothing else may still answer at its other endpoints.
    providerMetadataStaleMs: 86_400_000,
    // People who try again and again do not become as many requests.
    providerPauseMs: 3_000,
    // Keys that are withdrawn stop counting for logouts within this time; openid-client has five minutes of its own for sign-ins.
    providerKeysMs: 5 * 60_000,
    // Tokens with invented key names do not become as many requests.
    providerKeysPauseMs: 30_000,
    // Back-Channel Logout 2.4 recommends two minutes at most; a provider may try again a little later.
    logoutTokenSecondsMax: 300,
    clockDifferenceSeconds: 30,
  },
  /** ACME (src/acme): a chain has some kilobytes, a directory or an order less. */
  acmeAnswerBytesMax: 128 * 1024,
  acmeHeaderBytesMax: 16 * 1024,
  acmeRequestMs: 30_000,
  /** How often a server is asked whether it has done its part, if it does not say; and at most how long it may let us wait. */
  acmePollMs: 1_000,
  acmePollMsMax: 30_000,
  /** Of a whole order: validations take seconds; a server that never ends is left for the next attempt. */
  acmeOrderMs: 10 * 60_000,
  /** `status` warns of certificate files that end so soon: a month is what a hospital's paths need. */
  certificateWarnDays: 30,
  // ── guard ────────────────────────────────────────────────────────────────────────────────────────────────────────
  /** A busy modality or reading station uses a handful; a device that hoards more keeps others out. */
  associationsPerDeviceMax: 32,
  /** Several devices may stand behind one address (a router, a terminal server). */
  associationsPerAddressMax: 128,
  /** A hospital behind one address of a provider or a reverse proxy; each of them has shown two factors and is bounded by itself. */
  peoplePerAddressMax: 1_024,
  /** Of one association: ten times what small instances over loopback reach, so that only a runaway is stopped. */
  operationsPerSecondMax: 20_000,
  /** Beyond this many within the window no secret is looked at and refusals are recorded at each doubling only. */
  failedIdentificationsPerAddressMax: 32,
  failedIdentificationWindowMs: 15 * 60_000,
  /** Bounds the memory that strangers can take: some 100 bytes for each address. */
  failedIdentificationAddressesMax: 10_000,
  /** From the end of `identify` to the acceptance of the association: no peer is waited for in between. */
  identifiedUnusedMsMax: 10_000,
  /** Of one association; a person reads no more of the same, and 20,000 a second would fill a disk. */
  refusalsRecordedMax: 256,
  /** A user name of type 1 is only recorded; no real one is longer. */
  userNameCharactersMax: 256,
  /** A clock that is slewed by NTP goes back by less; more would open again what has ended. */
  clockBackwardsMsMax: 5 * 60_000,
  /** How late what runs may notice that its opening, certificate or token has ended; each operation notices at once. */
  sessionReviewMs: 1_000,
  /** Use counts are for people; a crash may lose so much of them. */
  usageWriteMs: 30_000,
  /** Closing records kept while the ledger is away: two for each association that may be running. */
  unwrittenRecordsMax: 2_048,
  /** A study sent in one association rarely has more; a closing record then comes in between. */
  transferRecordInstancesMax: 5_000,
  transferRecordMs: 15 * 60_000,
  /** Studies open in the ledger at once within one association; the oldest is closed when there are more. */
  transferStudiesMax: 256,
  /** The longest life of an exception for a device without TLS. */
  plainExceptionDaysMax: 90,
  /** IHE ITI-19 recommends two years at most; the opening's end date comes first. */
  deviceCertificateDaysMax: 730,
  /** A token for the web door: long enough to set a viewer up and read, and at most one shift. */
  deviceTokenMinutes: 60,
  deviceTokenMinutesMax: 480,
  /** At once, of one device: a person makes each by hand. */
  deviceTokensMax: 16,
  /** What a person asked for waits so long for a second one: over a weekend, not over a holiday. */
  waitingChangeMs: 4 * 86_400_000,
  /** At once; somebody has to read each. */
  waitingChangesMax: 100,
  /** `opening list` marks what ends within a month, and what was not used for three. */
  expiresSoonDays: 30,
  unusedDays: 90,
  /** RFC 9325 4.5 and PS3.15 B.13: weaker keys are refused. */
  rsaKeyBitsMin: 2_048,
  ecKeyBitsMin: 256,
  // ── ledger and keys ──────────────────────────────────────────────────────────────────────────────────────────────
  /** A ledger file is read as a whole by nobody, but copied and checked as one piece; small enough for both. */
  ledgerFileBytesMax: 64 * 1024 * 1024,
  /** An audit message has some kilobytes; a query identifier in base64 is the longest part and bounded by DIMSE. */
  ledgerRecordBytesMax: 1024 * 1024,
  /** Memory for records that wait for the disk; more means that the disk cannot follow, and refusing is honest. */
  ledgerPendingBytesMax: 32 * 1024 * 1024,
  /** One durable write; larger ones only make the first caller wait longer. */
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
  archive: {
    // Small enough to copy, replicate and compact as one piece; large enough that 100 TB are 100,000 files.
    segmentBytesMax: 1024 ** 3,
    // What all arriving instances together may have waiting for the disk; then their senders wait.
    unwrittenBytesMax: 8 * 1024 ** 2,
    // One writev: the disk's cache takes it in a millisecond, so that a small instance never waits long behind it.
    writeBytesMax: 4 * 1024 ** 2,
    // Durable writes that overlap are three times as fast as one after the other; Node has four threads for all files.
    writesMax: 3,
    // Small writes wait for each other and grow: one trip to the disk for many instances.
    overlapBytesMin: 256 * 1024,
    // A reader decrypts and holds so much at once; each costs 16 bytes of tag.
    chunkBytes: 64 * 1024,
    // Each arriving instance holds this much until it is handed to the log; small ones are one piece on disk.
    extentBytes: 1024 ** 2,
    // One for each instance that arrives; some more than a busy hour has at once, 2 MiB in all.
    chunkBuffersKeptMax: 32,
    // Attributes before the Series Instance UID are some kilobytes; private ones of group 0009 to 0019 may be large.
    headBytesMax: 8 * 1024 ** 2,
    // A commit record holds a head (dataSetKept) and a Part 10 head, a data record one extent and a chunk.
    recordBodyBytesMax: 4 * 1024 ** 2,
    scanBytes: 256 * 1024,
    // Memory of the sealing thread, about 1 MiB each. An instance that finds none at its beginning is sealed on the main thread.
    sealingSlabsMax: 32,
    // Each is held for one read; a retrieve has retrieveAhead under way.
    readingSlabsMax: 16,
    // Retrieves under way rarely touch more segments at once.
    openSegmentsMax: 64,
    replayGroupRecords: 1_000,
    // 32 bytes of secret each.
    studyKeysInUseMax: 512,
    // The index and the ledger must be able to go on when the segments may not.
    freeBytesMin: 1024 ** 3,
    freeBytesCheckMs: 1_000,
    // Rows of so many instances share a transaction, which takes some milliseconds of one turn.
    indexWaitingMax: 64,
    // Long enough that a busy hour forms groups, short enough that a quiet one has its index on the disk at once.
    indexWaitingMs: 25,
    // Rows read in one turn of a query: about a millisecond, then others get their turn.
    findPageRows: 200,
    findTurnMs: 5,
    // More say nothing more: the disk is lost.
    verifyProblemsMax: 1_000,
  },
  // ── codecs ───────────────────────────────────────────────────────────────────────────────────────────────────────
  codecs: {
    // A mammogram has 40 MB, a slice of tomosynthesis less; a whole slide image comes in tiles.
    frameBytesMax: 256 * 1024 ** 2,
    // OpenJPEG holds 4 bytes for each sample and the frame twice: enough for 100 million samples.
    wasmBytesMax: 1024 ** 3,
    // Of all frames under way, each counted as memoryPerFrameByte times its bytes and memoryPerFrame.
    memoryBytesMax: 1536 * 1024 ** 2,
    memoryPerFrameByte: 6,
    memoryPerFrame: 16 * 1024 ** 2,
    // What JavaScript in one worker may hold: codecs keep their frames outside of it.
    heapMiBMax: 128,
    stackMiBMax: 4,
    // The slowest decoder (JPEG 2000, lossless) made 6 million samples a second beside other work, 2 million at its worst.
    frameMsMax: 10_000,
    frameMsPerMegasample: 1_000,
    // Loading and compiling takes 0.2 s.
    startMsMax: 30_000,
    // A worker holds some 40 MB; a reader who scrolls comes back within seconds.
    idleMs: 30_000,
    // A waiting request has not read its pixels yet, and is some hundred bytes.
    waitingMax: 10_000,
    waitingPerOwnerMax: 2_000,
  },
  /** Pictures made of frames (src/rendering). */
  rendering: {
    // A mammogram has 20 million pixels, an 8K display 33 million; one in colour has three bytes for each.
    picturePixelsMax: 40_000_000,
    // Attributes of the image in front of its pixels: functional groups of 10,000 frames have about 20 MB.
    attributesBytesMax: 64 * 1024 ** 2,
    // A palette, or an overlay for each of some hundred frames.
    attributeBytesMax: 16 * 1024 ** 2,
    // Of a text or a list of texts in them, and of a list of binary numbers, each of which is read again for each frame: a frame list of
    // 10,000 frames has 50 KB, graphicPointsMax as points 1.6 MB.
    textBytesMax: 64 * 1024,
    numbersBytesMax: 2 * 1024 ** 2,
    // Lists of frames that a presentation state names, all together: 200,000 of them.
    frameListsBytesMax: 1024 ** 2,
    // Lines, characters, areas and segments may touch so many pixels: some seconds of a worker; a 512 x 512 slice with all its
    // marks takes a hundredth.
    markPixelsMax: 100_000_000,
    // Of a presentation state and one image: stations write some dozens, CAD marks and traced contours are the most.
    layersMax: 256,
    graphicsMax: 10_000,
    graphicPointsMax: 200_000,
    captionsMax: 2_000,
    captionCharactersMax: 20_000,
    // Images that one presentation state is drawn over: a state for each series is usual, of some hundred slices.
    stateImagesMax: 5_000,
    // Segments at one place: an atlas of the whole body has some 100.
    masksMax: 256,
    masksBytesMax: 64 * 1024 ** 2,
    // Burned-in lines of patient and technique, each value cut.
    labelCharactersMax: 128,
    thumbnailSide: 200,
    // Reports and the like may come first in a study; what shows it is looked for in so many instances.
    thumbnailTriesMax: 16,
    jpegQuality: 90,
  },
  /** Structured reports as pages, texts and XML (src/rendering/report). */
  report: {
    // A measurement report of a large study has about 1 MB; the page is made in one piece.
    attributesBytesMax: 8 * 1024 ** 2,
    // A CAD result has some thousand.
    contentItemsMax: 20_000,
    // Of all texts together; in the plain text each line is indented, as deep as its item stands.
    linesMax: 200_000,
  },
  /** CDA documents as pages and texts (src/rendering/cda). */
  cda: {
    // Without the figures that are inside as base64, which are not shown; a long discharge letter has some 500 KB.
    documentBytesMax: 8 * 1024 ** 2,
    depthMax: 64,
    elementsMax: 100_000,
    attributesMax: 32,
  },
  /** Waveforms as drawings (src/rendering/waveform). */
  waveform: {
    // Channel definitions of 512 electrodes have some 500 KB; annotations of a sleep laboratory some MB.
    attributesBytesMax: 8 * 1024 ** 2,
    // A day of three channels at 500 Hz has 250 MB. Read once, past the reader, in about a second for each 100 MB.
    dataBytesMax: 512 * 1024 ** 2,
    groupsMax: 16,
    // High-density EEG has 256 electrodes.
    channelsMax: 512,
    annotationsMax: 500,
    // Rows times channels, each about 2 cm high: a drawing of some metres.
    lanesMax: 120,
    // Each is at most two points of about 12 characters, so that a drawing has at most some MB.
    placesMax: 100_000,
  },
  /** Instances that leave in another transfer syntax than theirs (src/transcoding). */
  transcoding: {
    // One is sent while the next is decoded; more would only hold memory, since workers are as many as cores.
    framesAhead: 1,
    // Frames that wait for their receivers: 12 mammograms, or a thousand slices.
    heldBytesMax: 512 * 1024 ** 2,
    // Of one device; some that do not read must not stop the others.
    heldBytesPerOwnerMax: 128 * 1024 ** 2,
    // A receiver that reads nothing at all is ended after associationIdleMs.
    memoryWaitMs: 60_000,
  },
  /** Encapsulated pixel data (src/dicom/encapsulated-frames.ts). */
  fragments: {
    // As dataSet.fragmentsMax.
    fragmentsMax: 1_000_000,
    // A chunk of the archive: one is decrypted for any byte of it.
    windowBytes: 64 * 1024,
  },
  // ── doors and command line ───────────────────────────────────────────────────────────────────────────────────────
  /** Connections of the DIMSE door at once; a thousand idle ones must leave room for a thousand devices. */
  dimseConnectionsMax: 4_096,
  /** Connections from one address that have not proven who they are; devices behind one address take milliseconds each. */
  dimseUnidentifiedPerAddressMax: 1_024,
  /** Two round trips and a signature; a silent handshake costs only its own socket. */
  dimseHandshakeMs: 10_000,
  /** How long a stop waits for operations under way. */
  dimseStopMs: 10_000,
  /**
   * A data set that is not over must bring so much in each of these times, 2 kbit/s: far below any link, so that only a peer that
   * drips on purpose is ended, after two of them at the latest, when it would also have been idle.
   */
  dataSetPaceMs: 60_000,
  dataSetPaceBytesMin: 16 * 1024,
  /** Heads of the instances of one C-GET or C-MOVE are held, some 500 bytes each. */
  retrieveInstancesMax: 100_000,
  /** The same of all retrieves of one device, and of all devices: with what belongs to them 4 to 5 KB each. */
  retrieveInstancesHeldPerDeviceMax: 150_000,
  retrieveInstancesHeldMax: 300_000,
  /** The next instance is read and decrypted while the one before is on its way. */
  retrieveAhead: 2,
  /** UIDs in one retrieve identifier (a key object list names some hundreds). */
  retrieveUidsMax: 5_000,
  /** A device that is switched off is tried again for about an hour, then it asks again. */
  commitmentReportAttemptsMax: 10,
  commitmentReportPauseMs: 60_000,
  commitmentReportsWaitingMax: 1_000,
  /** Removed studies are rare; a segment is rewritten when less than this share of it is still wanted. */
  compactionIntervalMs: 6 * 3_600_000,
  compactionLiveRatioMax: 0.5,
  /** How long `get` asks what there is before it guesses; a study of 10,000 instances is told in a second or two. */
  getListingMs: 10_000,
  /** How long a client command waits for the peer to take its release, before it hangs up. */
  clientReleaseMs: 3_000,
  /** After Ctrl-C a command has said how far it came; its A-ABORT is on its way, and the peer may hang up for so long. */
  interruptedLingerMs: 1_000,
  /** How late a plain door may close after its exception has ended; the guard refuses at once. */
  plainDoorsReviewMs: 10_000,
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
  /** sun_path holds 108 bytes with its closing zero on Linux, 104 on macOS and the BSDs; a longer path is reached from its folder. */
  controlSocketPathBytesMax: 103,
  /** A request may carry a file of many gigabytes from a slow disk. */
  controlRequestMsMax: 3_600_000,
  /** `status` says so before storing stops (archive.freeBytesMin): a day of a busy CT, to have time for more disk. */
  freeBytesWarn: 20 * 1024 ** 3,
  /** Charts look back over so many records at most: some seconds of reading. */
  activityRecordsMax: 100_000,
  /** Of one study: a person needs the first few to see what went wrong; a broken device may make one for each image. */
  patientMismatchesShownMax: 100,
  /** To whom one study was released; each was typed by a person. */
  releasesShownMax: 1_000,
  /** A DVD with 100,000 images has about 50 MB of directory. */
  dicomdirBytesMax: 128 * 1024 * 1024,
  /** `get` from a server that never stops: a large study has some thousand instances and some gigabytes. */
  getInstancesMax: 100_000,
  /** `get`: 16 of them hold 2,000 pairs of SOP class and transfer syntax; no study has so many. */
  getAssociationsMax: 16,
  /** `get`: SOP Instance UIDs in one identifier; 500 of the longest have 32 KB, half of what the VR can hold. */
  getListMax: 500,
  getBytesMax: 64 * 1024 ** 3,
  // ── web door (src/doors/web, PS3.18) ─────────────────────────────────────────────────────────────────────────────
  web: {
    // Read and opened while the one before leaves: two hide the way through the sealing thread, more gain nothing.
    instancesAhead: 2,
    // A passkey's answer is the longest of what the console says by its API, and an opening with all its lists.
    apiBodyBytesMax: 256 * 1024,
    // Browsers open one (HTTP/2) or six each; a hospital's viewers together.
    connectionsMax: 2_048,
    // A reverse proxy, a ward or a terminal server behind one address: 200 readers with room for their second connection.
    connectionsPerAddressMax: 512,
    // A handshake takes milliseconds; a slow one only holds a place.
    handshakeMs: 10_000,
    // Target (queryCharactersMax) and fields of one request together.
    headerBytesMax: 80 * 1024,
    headersMax: 100,
    // A header is one packet or a few; slow ones only hold a place.
    headerMs: 15_000,
    // Of a connection without a request under way.
    idleMs: 60_000,
    // Then the connection is made anew, so that nobody keeps one for ever; a viewer that scrolls asks for some thousand frames.
    requestsPerConnectionMax: 20_000,
    // Of one connection: above what one core answers to the shortest request, so that only a runaway is stopped.
    requestsPerMinuteMax: 300_000,
    // HTTP/2 streams at once; viewers ask for the frames of a series in one go. Also handlers under way for one connection.
    streamsMax: 128,
    // Streams that a peer resets: so many at once, and so many a second (CVE-2023-44487). Scrolling resets some dozens.
    streamResetsMax: 500,
    streamResetsPerSecondMax: 50,
    // Of one HTTP/2 connection: frames that make no sense, and streams beyond streamsMax.
    invalidFramesMax: 50,
    rejectedStreamsMax: 100,
    // What nghttp2 may hold for one connection, in MiB; Node counts header blocks, settings and queued data.
    sessionMemoryMiB: 16,
    // What a peer may send on one stream before we have read it: 10 Gbit/s at 1 ms, and no more memory than an extent.
    streamWindowBytes: 1024 ** 2,
    connectionWindowBytes: 8 * 1024 ** 2,
    // A body that comes, or an answer that is read, below 4 KB/s for a minute is a peer that drips on purpose.
    bodyPaceMs: 60_000,
    bodyPaceBytesMin: 256 * 1024,
    // What is read of a body that nobody wanted, so that its sender sees the answer.
    unwantedBodyBytesMax: 1024 ** 2,
    unwantedBodyMs: 2_000,
    // A session of the guard goes on while its device asks again within this time: one reader, one record of coming and going.
    sessionIdleMs: 60_000,
    // How long a stop waits for answers under way.
    stopMs: 10_000,
    // That there is nothing is found out in some 0.2 ms, in a few when the disk is asked; all of that looks the same (even-time.ts).
    nothingSlotMs: 5,
    // A peer that is refused because there is too much at once comes back after this.
    retryAfterSeconds: 5,
    // OPTIONS of a browser is kept by it for so long.
    preflightSeconds: 600,
    // A study sent at once has some thousand instances, each with metadata and a few bulk data parts.
    multipartPartsMax: 200_000,
    // Content-Type, Content-Location and Content-Length of the longest kind have about 500 bytes.
    partHeaderBytesMax: 8 * 1024,
    partHeadersMax: 32,
    // A sentence for readers without MIME, as mail had it; DICOMweb clients send CRLF at most.
    preambleBytesMax: 1024,
    // Older dicomweb-clients for JavaScript send about 44 zeros for each instance.
    epilogueBytesMax: 1024 ** 2,
    // Viewers that name each transfer syntax on its own send about 20.
    acceptRangesMax: 64,
    // A search with all of the query limit's keys, and a parameter for each included field.
    queryParametersMax: 600,
    // A list of 4,096 UIDs does not fit; those go by series, and no server takes longer targets.
    queryCharactersMax: 64 * 1024,
    // studies, series, instances, bulkdata and 8 steps into sequences.
    pathSegmentsMax: 24,
    // Frames of one request; as many numbers as a target has room for.
    framesMax: 8_192,
    // Readers of slide and video files ask for one to a few at once.
    rangesMax: 16,
    // Results of one search, each about 1 KB in JSON; the header says what is left, so they are gathered first.
    searchResultsMax: 10_000,
    // Further results that are counted for the warning; counting reads each.
    searchCountedMax: 1_000,
    // Of one store: each is an item of the answer, which is made in memory.
    storedInstancesMax: 50_000,
    // Instances of one store that become durable while the next is read: one trip to the disk for many.
    storesAtOnceMax: 16,
    // Bulk data that came before its turn, or without its length, which has to be written before it: a few images.
    waitingBulkBytesMax: 64 * 1024 ** 2,
    // What all store messages together have waiting, and those of one device: some large ones, or hundreds of metadata as it usually is.
    arriving: { heldBytesMax: 512 * 1024 ** 2, heldBytesPerOwnerMax: 256 * 1024 ** 2, memoryWaitMs: 30_000 },
    // A wall of 8K displays; a picture of both sides is 1 GiB as RGBA, which the renderer's own budget bounds further.
    viewportSideMax: 16_384,
    // The URI service: as many as there are current ones of images.
    transferSyntaxesMax: 32,
  },
  /** Programs that act for people (OAuth 2.0, src/oauth). */
  oauth: {
    // Viewers and research tools of one house; each is registered by hand.
    programsMax: 200,
    // As an opening: by then somebody looks again.
    programMsMax: 400 * 86_400_000,
    // RFC 9700 4.10: short. A viewer with online_access renews it without a word; others ask again.
    accessTokenSeconds: 10 * 60,
    // RFC 6749 4.1.2: ten minutes at most; a browser comes back within a second, a slow one within a minute.
    codeSeconds: 60,
    // Time to sign in with two factors and to read what is asked.
    askingSeconds: 10 * 60,
    // Requests that wait for a person, some KB each. Strangers can make them, so the oldest give way.
    askingMax: 2_000,
    // Those of one network push out its own; a house behind one proxy has so many viewers open at once that wait for an answer.
    askingPerNetworkMax: 500,
    // Of codes, tokens and grants each; people make them, eight viewers for each of a thousand readers.
    entriesMax: 8_000,
    // Of each kind of one grant: those of a day that is renewed every ten minutes, used renewals included, so that a second use is known.
    entriesPerGrantMax: 128,
    // How long a renewal may be good; the session of the person ends it before.
    renewalSeconds: 12 * 3_600,
    // Viewers and tools of one person at once; the oldest give way.
    grantsPerAccountMax: 32,
    // A long state and a redirect address; it is kept while the person is asked.
    queryCharactersMax: 4_096,
    // A token request is some hundred bytes, a verifier among them (RFC 7636: 128).
    bodyBytesMax: 16 * 1024,
    // An answer is a document of a few KB.
    answerBytesMax: 256 * 1024,
    // Tokens of another provider: some KB with many groups; an hour, since nobody tells us that one was ended (RFC 9068 has no such way).
    providerTokenCharactersMax: 8 * 1024,
    providerTokenSecondsMax: 3_600,
  },
  /** How long an opening that comes with an invitation stands: by then somebody looks again. */
  personOpeningMs: 365 * 86_400_000,
  /**
   * Emergency access to one patient. As long as a shock room or an operation at night; then it is asked for again or opened for. The
   * usual hour is what a person gets who says nothing.
   */
  emergencyMsMax: 4 * 3_600_000,
  emergencyMsUsual: 3_600_000,
  // A night with three patients beyond one's own department is a bad one; more is a pattern, and somebody has to open for it.
  emergenciesPerDayMax: 3,
  // Mistyped numbers included; each try says whether somebody with this number and this birth date is here.
  emergencyTriesPerDayMax: 10,
  emergencyDayMs: 86_400_000,
  // How long one may wait for its review before that is said louder: over a long weekend.
  emergencyReviewMs: 4 * 86_400_000,
  // How often ends are looked for that nobody caused.
  emergencyWatchMs: 30_000,
  // Studies of one Patient ID that are compared with what was typed.
  emergencyStudiesMax: 5000,
  // Shown to who reviews; the ledger has all of it.
  emergencyUsesShownMax: 200,
  /** People: accounts, what proves who somebody is, sessions (src/people). SP 800-63B-4 where a clause is named. */
  people: {
    // A large university hospital has about 20,000 employees; each row is some hundred bytes.
    accountsMax: 100_000,
    // RFC 5321 4.5.3.1: what a path holds, and its local part.
    emailCharactersMax: 254,
    emailLocalPartCharactersMax: 64,
    displayNameCharactersMax: 200,
    reasonCharactersMax: 1000,
    userAgentCharactersMax: 256,
    // Kept of an account's history and shown; the ledger has all of it.
    historyEntriesMax: 500,

    // An enrolment link is read the next working day or after a weekend; one to set anew what was lost is used at once.
    invitationMs: 3 * 86_400_000,
    resetInvitationMs: 8 * 3_600_000,

    // 3.1.1.2: 8 where a second factor is always asked for, which is so here. There is no sign-in by password alone (15).
    passwordCodePointsMin: 8,
    // 3.1.1.2 wants 64 at least. Argon2 takes any length; this bounds what is normalised and copied.
    passwordCodePointsMax: 256,
    // A normal form C grows to three times its source at most, and a code point has two units.
    passwordUnitsMax: 1024,
    // Of a longer one the beginning is judged: the estimate takes the square of the length, a second at 64.
    passwordJudgedUnitsMax: 64,
    // log10 of the guesses: 10^8 withstand guessing online (100 failures) and, with Argon2 and pepper, a stolen database for long.
    passwordGuessesLog10Min: 8,
    // Each judgement costs the judging thread up to a second.
    passwordJudgementsWaitingMax: 16,
    // Argon2id, RFC 9106 4 and OWASP's list (46 MiB with one pass at least): measured in docs/decisions/0020-people.md.
    argon2: { memoryKiB: 47_104, passes: 2, parallelism: 1, tagBytes: 32, saltBytes: 32 },
    // Bounds of what a stored hash may ask for: an edited database must not take the memory.
    argon2MemoryKiBMax: 256 * 1024,
    argon2PassesMax: 16,
    // 46 MiB each; the thread pool has four threads, which files need too.
    passwordHashesAtOnceMax: 2,
    // About ten seconds of waiting; more come from an attack.
    passwordHashesWaitingMax: 32,

    // RFC 6238 5.2: 30 seconds, one step of delay to each side; 3.1.5.2 allows two minutes.
    codeStepSeconds: 30,
    codeDigits: 6,
    codeStepsAside: 1,
    // RFC 4226 4 wants 128 bits and recommends 160.
    codeSecretBytes: 20,
    recoveryCodes: 10,

    passkeysMax: 10,
    passkeyNameCharactersMax: 60,
    // What a browser sends for one ceremony has about 2 KB.
    passkeyResponseBytesMax: 32 * 1024,
    // Time to find the telephone; a challenge is good once and not longer.
    ceremonyMs: 5 * 60_000,
    // Sign-ins under way, some hundred bytes each; the oldest give way.
    ceremoniesMax: 10_000,
    // A ward behind one address at the change of shifts; beyond that an address pushes out its own oldest, not those of others.
    ceremoniesPerAddressMax: 300,
    // Wrong codes within one sign-in; then the password is asked for again.
    ceremonyFailuresMax: 5,

    // 2.2.3: 12 hours at AAL3 and 24 at AAL2; a shift.
    sessionAbsoluteMs: 12 * 3_600_000,
    // 2.2.3, 2.3.3: one hour at AAL2, 15 minutes at AAL3. Who may change what others may do has the short one.
    sessionIdleMs: {
      physician: 3_600_000,
      technologist: 3_600_000,
      researcher: 30 * 60_000,
      'exchange-clerk': 30 * 60_000,
      administrator: 15 * 60_000,
      'security-officer': 15 * 60_000,
    },
    // For DIMSE devices (PS3.7 D.3.3.7): what 2.2.3 lets a session be idle at AAL2, since nobody sees whether the person is still there.
    passcodeMs: 3_600_000,
    // Workstation, dictation and a telephone's viewer at once, each anew before the old one has ended.
    passcodesMax: 16,
    // How long a second factor counts as just shown, for what cannot be undone or lets data out.
    stepUpMs: 5 * 60_000,
    // Reading room, office, ward and telephone; the one unused for longest ends.
    sessionsPerAccountMax: 8,
    // A use is written down when the last one is older: a page of thumbnails is not 200 writes.
    sessionTouchMs: 20_000,
    // Sessions that nobody uses any more are ended within this time, so that lists are right.
    sessionSweepMs: 60_000,
    knownBrowsersPerAccountMax: 16,
    knownBrowserMs: 90 * 86_400_000,

    // 3.2.2: at most 100 consecutive failures for an account, here split so that strangers cannot use up the owner's part.
    strangerFailuresMax: 60,
    knownBrowserFailuresMax: 40,
    // Slips cost nothing; then 1 s, doubled each time.
    failuresFree: 3,
    failureWaitFirstMs: 1_000,
    failureWaitMsMax: 15 * 60_000,
    // A ward behind one address mistypes often; the wait stays short, and known browsers and passkeys do not have it.
    addressFailuresFree: 30,
    addressWaitMsMax: 20_000,
    addressFailuresForgottenMs: 15 * 60_000,
    // Rows for addresses and for names without an account; the oldest give way.
    strangerRowsMax: 10_000,

    // Tries that a wait refuses, of one account or network: one record in this time, the others counted.
    repeatedRefusalMs: 60_000,
    repeatedRefusalsMax: 1_000,

    // Sign-ins at the provider begun from one network, and logouts refused: a change of shifts, not a flood of requests to the provider.
    providerTriesPerMinuteMax: 120,
    providerNetworksMax: 10_000,
    // What comes back through the browser; codes of some providers have 2 KB.
    providerAnswerCharactersMax: 8_192,
    logoutTokenCharactersMax: 16_384,
    logoutTokensMax: 100_000,
    // The provider's clock and ours.
    providerClockMs: 60_000,

    // Of an account, for the signs of sharing and theft; a month of several a day.
    signInsKeptPerAccountMax: 200,
  },
} as const;
