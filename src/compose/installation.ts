/**
 * What one data folder holds, opened in the order in which each part needs the one before: keys, ledger, archive, policy,
 * guard. Closed in the opposite order. No door is open yet.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Archive } from '../backends/archive/archive.ts';
import type { SealingThread } from '../backends/archive/store/sealing-thread.ts';
import type { Config } from '../config/config.ts';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { writeDataSet } from '../dicom/data-set-codec.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { Guard } from '../guard/guard.ts';
import { PolicyStore } from '../guard/policy-store.ts';
import { Authority } from '../keys/authority.ts';
import { KeyRing } from '../keys/key-ring.ts';
import { FileSecrets, type SecretStore } from '../keys/secret-store.ts';
import { openSigningKey, type SigningKey } from '../keys/signing-key.ts';
import { StudyKeys } from '../keys/study-keys.ts';
import { WrappedSecrets } from '../keys/wrapped-secrets.ts';
import { Ledger } from '../ledger/ledger.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { AccessTokenDirectory } from './access-tokens.ts';
import { studyLookup } from './archive-facts.ts';
import { PersonDirectory } from './person-directory.ts';
import { auditSelf } from './recovery.ts';

export interface Installation extends AsyncDisposable {
  readonly dataDirectory: string;
  readonly config: Config;
  /** True when this opening made the keys. */
  readonly isNew: boolean;
  /** Wraps other keys; people.ts keeps secrets of one-time codes with it. */
  readonly ring: KeyRing;
  readonly signingKey: SigningKey;
  readonly studyKeys: StudyKeys;
  /** Wrapped by the master key. */
  readonly secrets: SecretStore;
  readonly authority: Authority;
  readonly ledger: Ledger;
  readonly archive: Archive;
  readonly policy: PolicyStore;
  readonly guard: Guard;
  /** Whom the guard asks for sessions of people; nobody has one until people.ts has opened the accounts. */
  readonly persons: PersonDirectory;
  /** Whom the guard asks for tokens of programs; nobody has one until the authorization server is there. */
  readonly accessTokens: AccessTokenDirectory;
}

/** @throws LeadglassError CORRUPT, BAD_REQUEST, LEDGER_UNAVAILABLE, BACKEND_UNAVAILABLE: then nothing is left open */
export async function openInstallation(
  dataDirectory: string,
  config: Config,
  { log, sealingThread }: { readonly log: Log; readonly sealingThread?: SealingThread | undefined },
): Promise<Installation> {
  const keysDirectory = join(dataDirectory, 'keys');
  const isNew = !existsSync(keysDirectory);
  await using closing = new AsyncDisposableStack();

  const files = new FileSecrets(keysDirectory);
  const ring = KeyRing.open(files);
  const secrets = new WrappedSecrets(files, ring);
  const studyKeys = closing.use(new StudyKeys({ path: join(keysDirectory, 'study-keys.sqlite'), ring, limits }));
  const authority = await Authority.open({ secrets, directory: join(dataDirectory, 'certificates') });

  const ledgerDirectory = join(dataDirectory, 'ledger');
  const signingKey = openSigningKey(secrets, ledgerDirectory);
  const ledger = await Ledger.open({
    directory: ledgerDirectory,
    signer: signingKey,
    limits: {
      ...limits,
      ledgerCheckpointRecordsMax: config.ledger.checkpointRecords,
      ledgerCheckpointIntervalMs: config.ledger.checkpointMinutes * 60_000,
    },
    onState: (state, cause) => {
      if (state === 'failed') log.error('ledger.failed', { detail: String(cause) });
      else log.info('ledger.working');
    },
  });
  closing.defer(() => ledger.close());

  const archive = closing.use(
    await Archive.open({
      directory: join(dataDirectory, 'archive'),
      keys: studyKeys,
      limits: limits.archive,
      dataSetLimits: { ...limits.dataSet, ...limits.dataSetKept },
      retentionDays: config.archive.retentionDays,
      ...(sealingThread === undefined ? {} : { sealingThread }),
    }),
  );

  const policy = closing.use(PolicyStore.open(join(dataDirectory, 'guard.sqlite')));
  const aeTitle = parseAeTitle(config.aeTitle, 'aeTitle');
  const persons = new PersonDirectory();
  const accessTokens = new AccessTokenDirectory();
  const guard = closing.use(
    new Guard({
      store: policy,
      ledger,
      limits,
      self: auditSelf(config),
      studies: studyLookup(archive),
      persons,
      accessTokens,
      accounts: persons.users,
      workstationRoles: config.people.workstationRoles,
      calledAeTitles: [aeTitle],
      encodeIdentifier: (identifier) => writeDataSet(identifier, TransferSyntaxes.ExplicitVrLittleEndian),
    }),
  );

  const held = closing.move();
  return {
    dataDirectory,
    config,
    isNew,
    ring,
    signingKey,
    studyKeys,
    secrets,
    authority,
    ledger,
    archive,
    policy,
    guard,
    persons,
    accessTokens,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
