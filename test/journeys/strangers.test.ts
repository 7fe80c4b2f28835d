/**
 * Everybody who is not let in, or not that far: each gets the answer of the standard and learns nothing by it, and each is
 * in the ledger with the reason.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { RawAssociation } from '../../bench/support/raw-association.ts';
import { openssl, selfSigned } from '../support/certificates.ts';
import { differences, filesBelow, type Image, sopClasses, writeImage } from '../support/dicom-files.ts';
import { day, type Device, Leadglass, type LedgerRow, type Purpose } from '../support/leadglass.ts';
import { needs } from '../support/peers.ts';
import { runProgram } from '../support/programs.ts';
import { knock, verification } from '../support/stranger.ts';

let leadglass: Leadglass;
let ct: Image;
let mr: Image;
let old: Image;

before(async () => {
  leadglass = await Leadglass.start();
  ct = writeImage(leadglass.path('ct'), { study: 'strangers ct', patientId: 'IN-SCOPE' });
  mr = writeImage(leadglass.path('mr'), {
    study: 'strangers mr',
    modality: 'MR',
    sopClass: sopClasses.mr,
    patientId: 'SECRET-MR',
  });
  old = writeImage(leadglass.path('old'), { study: 'strangers old', studyDate: '19990101', patientId: 'SECRET-OLD' });
  await leadglass.succeed('import', ...['ct', 'mr', 'old'].map((name) => leadglass.path(name)));
});
after(() => leadglass[Symbol.asyncDispose]());

const pem = ({ folder }: Pick<Device, 'folder'>): { key: string; cert: string } => ({
  key: join(folder, 'key.pem'),
  cert: join(folder, 'cert.pem'),
});

let seen = 0;
/** The refusals since the last call: reason, and who or where from. */
async function refusals(): Promise<readonly LedgerRow[]> {
  const rows = await leadglass.ledger();
  const fresh = rows.filter(({ seq }) => seq > seen);
  seen = Math.max(seen, ...rows.map(({ seq }) => seq));
  return fresh.filter(({ outcome }) => outcome !== 'success');
}

async function assertRefused(what: () => Promise<unknown>, reason: RegExp): Promise<LedgerRow> {
  await refusals();
  await what();
  const rows = await refusals();
  const found = rows.find((row) => reason.test(row.reason ?? ''));
  assert.ok(
    found,
    `no record with ${reason}; there are: ${rows.map((row) => `${row.event}: ${row.reason}`).join('; ')}`,
  );
  return found;
}

test('without a certificate nobody gets a byte', async () => {
  const row = await assertRefused(
    () => knock({ port: leadglass.port }).then(({ bytes }) => assert.equal(bytes.length, 0)),
    /certificate-missing/,
  );
  assert.match(row.event, /110113/);
  assert.match(row.from ?? '', /127\.0\.0\.1/);
});

test(
  'with a foreign certificate nobody gets a byte, also not with the AE title of a device',
  needs('openssl'),
  async () => {
    await leadglass.enrol('CT1', 'acquisition');
    const foreign = selfSigned(leadglass.path('foreign'), 'CT1');
    const { port } = leadglass;
    await assertRefused(
      () => knock({ port, ...foreign, calling: 'CT1' }).then(({ bytes }) => assert.equal(bytes.length, 0)),
      /certificate-foreign/,
    );
  },
);

test('an expired certificate opens nothing', needs('openssl'), async () => {
  // Of a foreign authority, since ours issues none for the past; pinned while it was good for some seconds more.
  const folder = leadglass.path('expired');
  mkdirSync(folder);
  const key = join(folder, 'key.pem');
  const csr = join(folder, 'csr.pem');
  const cert = join(folder, 'cert.pem');
  openssl(
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    key,
    '-out',
    csr,
    '-subj',
    '/CN=OLD',
  );
  const stamp = (inMs: number): string => new Date(Date.now() + inMs).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  const ca = selfSigned(leadglass.path('small-authority'), 'authority');
  mkdirSync(join(folder, 'ca'));
  const config = join(folder, 'ca.cnf');
  writeFileSync(join(folder, 'ca/index.txt'), '');
  writeFileSync(
    config,
    `[ca]\ndefault_ca=d\n[d]\ndatabase=${folder}/ca/index.txt\nnew_certs_dir=${folder}/ca\nserial=${folder}/ca/serial\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n`,
  );
  const endsInMs = 6_000;
  const endsAt = Date.now() + endsInMs;
  const dates = ['-startdate', stamp(-86_400_000), '-enddate', stamp(endsInMs)];
  const signer = ['-cert', ca.cert, '-keyfile', ca.key];
  openssl('ca', '-batch', '-config', config, ...signer, ...dates, '-in', csr, '-out', cert, '-notext');
  await leadglass.enrol('SHORT', 'acquisition', '--certificate', cert);
  const { port } = leadglass;
  assert.ok((await knock({ port, key, cert, calling: 'SHORT' })).isAccepted, 'good as long as it lasts');
  await new Promise((done) => setTimeout(done, Math.max(0, endsAt - Date.now()) + 1_100));
  await assertRefused(
    () => knock({ port, key, cert, calling: 'SHORT' }).then(({ bytes }) => assert.equal(bytes.length, 0)),
    /certificate-expired/,
  );
});

test('the right certificate with another calling AE title is rejected as unknown', async () => {
  const device = await leadglass.enrol('CT2', 'acquisition');
  const { port } = leadglass;
  assert.ok((await knock({ port, ...pem(device), calling: 'CT2' })).isAccepted);
  await assertRefused(
    () => knock({ port, ...pem(device), calling: 'CT1' }).then(({ rejection }) => assert.equal(rejection, '1/1/3')),
    /calling-ae-title/,
  );
});

test('a wrong called AE title is rejected as such, to a device that has proven who it is', async () => {
  const device = await leadglass.enrol('CT3', 'acquisition');
  const asked = () => knock({ port: leadglass.port, ...pem(device), calling: 'CT3', called: 'OTHERPACS' });
  await assertRefused(() => asked().then(({ rejection }) => assert.equal(rejection, '1/1/7')), /called-ae-title/);
});

test('the right certificate from another address is rejected as unknown', async () => {
  const device = await leadglass.enrol('CT4', 'acquisition', '--address', '127.0.0.9/32');
  const { port } = leadglass;
  assert.ok((await knock({ port, ...pem(device), calling: 'CT4', from: '127.0.0.9' })).isAccepted);
  const row = await assertRefused(
    () =>
      knock({ port, ...pem(device), calling: 'CT4', from: '127.0.0.1' }).then(({ rejection }) =>
        assert.equal(rejection, '1/1/3'),
      ),
    /address/,
  );
  assert.match(row.from ?? '', /127\.0\.0\.1/);
});

test('a revoked device gets no byte any more, with the certificate that was good a moment ago', async () => {
  const device = await leadglass.enrol('CT5', 'acquisition');
  const { port } = leadglass;
  assert.ok((await knock({ port, ...pem(device), calling: 'CT5' })).isAccepted);
  await leadglass.succeed('device', 'revoke', 'CT5', '--reason', 'sold');
  await assertRefused(
    () => knock({ port, ...pem(device), calling: 'CT5' }).then(({ bytes }) => assert.equal(bytes.length, 0)),
    /certificate-revoked/,
  );
});

test('a closed opening lets nobody in', async () => {
  const device = await leadglass.enrol('CT6', 'acquisition');
  await leadglass.succeed('opening', 'close', 'CT6', '--reason', 'room rebuilt');
  const asked = () => knock({ port: leadglass.port, ...pem(device), calling: 'CT6' });
  await assertRefused(() => asked().then(({ rejection }) => assert.equal(rejection, '1/1/3')), /opening-closed/);
});

test('an opening that has not begun lets nobody in', async () => {
  const device = await leadglass.enrol('CT7', 'acquisition', '--from', day(5));
  const asked = () => knock({ port: leadglass.port, ...pem(device), calling: 'CT7' });
  await assertRefused(() => asked().then(({ rejection }) => assert.equal(rejection, '1/1/3')), /opening-not-yet/);
});

test('all unknown callers get the same ten bytes: nobody can tell a wrong title from a wrong address', async () => {
  const device = await leadglass.enrol('CT8', 'acquisition', '--address', '127.0.0.9/32');
  const { port } = leadglass;
  const wrongTitle = await knock({ port, ...pem(device), calling: 'CT1', from: '127.0.0.9' });
  const wrongAddress = await knock({ port, ...pem(device), calling: 'CT8' });
  const wrongBoth = await knock({ port, ...pem(device), calling: 'CT8', called: 'OTHER' });
  assert.deepEqual(wrongTitle.bytes, wrongAddress.bytes);
  assert.deepEqual(wrongTitle.bytes, wrongBoth.bytes);
});

test('closing an opening and revoking a device end running associations at once', async () => {
  for (const [aeTitle, end] of [
    ['RUN1', ['opening', 'close']],
    ['RUN2', ['device', 'revoke']],
  ] as const) {
    const device = await leadglass.enrol(aeTitle, 'acquisition');
    const target = { host: '127.0.0.1', port: leadglass.port, calling: aeTitle, called: 'LEADGLASS' };
    const association = await RawAssociation.open({ ...target, credentials: device.folder }, [verification]);
    const ended = association.next().then(
      () => 'a message',
      ({ message }: Error) => message,
    );
    const told = performance.now();
    const ran = await leadglass.json<{ associationsEnded: number }>(...end, aeTitle, '--reason', 'now');
    assert.equal(ran.associationsEnded, 1);
    assert.match(await ended, /PDU type 7|closed/);
    assert.ok(performance.now() - told < 3_000);
  }
});

// ── what an opening does not hold ─────────────────────────────────────────────────────────────────────────────────────

async function find(device: Device, ...more: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  return leadglass.json('find', leadglass.address, '--as', device.folder, ...more);
}

test('operations that the opening does not name are refused, and the purpose bounds what it can name', async () => {
  const device = await leadglass.enrol('ECHO1', 'acquisition', '--allow', 'verify');
  await leadglass.succeed('echo', leadglass.address, '--as', device.folder);
  await assertRefused(async () => {
    const { status, output } = await leadglass.run('send', leadglass.address, '--as', device.folder, ct.path);
    assert.equal(status, 1, output);
  }, /operation|sop-class/);
  const tooMuch = ['--purpose', 'acquisition', '--allow', 'find', '--reason', 'x', '--until', '2027-01-01'];
  const refused = await leadglass.run('device', 'add', 'ECHO2', ...tooMuch, '--out', leadglass.path('echo2'));
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /purpose acquisition can never hold find/);
});

test('a SOP class outside the opening is refused', async () => {
  const device = await leadglass.enrol('EVID1', 'reading');
  await assertRefused(async () => {
    const { status, output } = await leadglass.run('send', leadglass.address, '--as', device.folder, ct.path);
    assert.equal(status, 1, output);
  }, /sop-class/);
});

test('a data set outside the scope is refused with "not authorized", by modality and by date, and is not kept', async () => {
  const device = await leadglass.enrol('SCOPE1', 'acquisition', '--modality', 'CT', '--study-from', '2026-01-01');
  const late = writeImage(leadglass.path('late'), { study: 'scope late', studyDate: '20251231' });
  const other = writeImage(leadglass.path('other'), { study: 'scope mr', modality: 'MR', sopClass: sopClasses.mr });
  const inside = writeImage(leadglass.path('inside'), { study: 'scope inside' });
  for (const { path, studyInstanceUid } of [late, other]) {
    await assertRefused(async () => {
      const { status, output } = await leadglass.run('send', leadglass.address, '--as', device.folder, path);
      assert.equal(status, 1, output);
      assert.match(output, /0124/);
    }, /outside-scope/);
    assert.equal((await leadglass.run('study', 'show', studyInstanceUid)).status, 1);
  }
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, inside.path);
});

test('studies outside the scope look as if they were not there, for find, get and move', async () => {
  const scope = ['--modality', 'CT', '--study-from', '2026-01-01', '--move-destination', 'WS9=localhost:9'];
  const device = await leadglass.enrol('READ1', 'reading', ...scope);
  const all = JSON.stringify(await find(device));
  assert.ok(all.includes(ct.studyInstanceUid));
  for (const hidden of [mr, old]) {
    assert.ok(!all.includes(hidden.studyInstanceUid));
    const byUid = await find(device, '-k', `StudyInstanceUID=${hidden.studyInstanceUid}`);
    assert.deepEqual(byUid, await find(device, '-k', 'StudyInstanceUID=1.2.3.4'), 'the same as for nothing');
    for (const level of ['SERIES', 'IMAGE']) {
      const series = level === 'IMAGE' ? ['-k', `SeriesInstanceUID=${hidden.seriesInstanceUid}`] : [];
      const keys = ['--level', level, '-k', `StudyInstanceUID=${hidden.studyInstanceUid}`, ...series];
      assert.deepEqual(await find(device, ...keys), []);
    }
    const get = async (uid: string, out: string): Promise<{ status: number; rest: unknown }> => {
      const folder = leadglass.path(out);
      const options = ['--as', device.folder, '--study', uid, '--out', folder, '--json'];
      const { status, stdout } = await leadglass.run('get', leadglass.address, ...options);
      assert.deepEqual(filesBelow(folder), []);
      return { status, rest: JSON.parse(stdout) };
    };
    const name = hidden === mr ? 'mr' : 'old';
    assert.deepEqual(await get(hidden.studyInstanceUid, `get-${name}`), await get('1.2.3.4', `get-none-${name}`));
  }
  assert.ok(!JSON.stringify(await find(device, '-k', 'PatientID=SECRET*')).includes('SECRET'));
  const patients = await find(device, '--model', 'patient', '--level', 'PATIENT', '-k', 'PatientID');
  assert.ok(!JSON.stringify(patients).includes('SECRET'), 'also not at patient level');
  const out = leadglass.path('get-inside');
  const options = ['--as', device.folder, '--study', ct.studyInstanceUid, '--out', out];
  await leadglass.succeed('get', leadglass.address, ...options);
  assert.deepEqual(differences([ct.path], out), []);
});

test('own studies only: what others sent is not there', async () => {
  const device = await leadglass.enrol('OWN1', 'archive', '--own-studies');
  assert.deepEqual(await find(device), []);
  const own = writeImage(leadglass.path('own'), { study: 'own' });
  await leadglass.succeed('send', leadglass.address, '--as', device.folder, own.path);
  const found = await find(device);
  assert.equal(found.length, 1);
  assert.ok(JSON.stringify(found).includes(own.studyInstanceUid));
});

test('a move to a destination that the opening does not name is refused with A801', async () => {
  const device = await leadglass.enrol('MOVE1', 'reading', '--move-destination', 'WS1=localhost:9');
  const options = ['--as', device.folder, '--study', ct.studyInstanceUid, '--to', 'EVIL'];
  await assertRefused(async () => {
    const { status, output } = await leadglass.run('move', leadglass.address, ...options);
    assert.equal(status, 1, output);
    assert.match(output, /A801/i);
  }, /destination/);
});

test('what refusals say to DCMTK is what the standard names', needs('echoscu'), async () => {
  const device = await leadglass.enrol('DCMTK1', 'acquisition');
  const words = ['-aec', 'LEADGLASS', ...device.dcmtkTls, 'localhost', String(leadglass.port)];
  const ran = await runProgram('echoscu', ['-aet', 'SOMEBODY', ...words]);
  assert.notEqual(ran.status, 0);
  assert.match(ran.output, /Rejected Permanent.*Service User/is);
  assert.match(ran.output, /Calling AE Title Not Recognized/i);
});

test('the server certificate is all that a stranger sees in the handshake; it names the host and no patient, device or version', async () => {
  const socket = tls.connect({ host: '127.0.0.1', port: leadglass.port, rejectUnauthorized: false });
  await new Promise((done) => socket.once('secureConnect', done));
  const subject = JSON.stringify(socket.getPeerX509Certificate()?.subject ?? '');
  socket.on('error', () => undefined).destroy();
  assert.match(subject, /^"CN=localhost"$/);
});

const purposes: readonly Purpose[] = ['acquisition', 'reading', 'exchange', 'archive'];
test('every refusal above left the server up, its ledger intact, and no purpose empty-handed', async () => {
  for (const [index, purpose] of purposes.entries()) {
    const device = await leadglass.enrol(`LAST${index}`, purpose);
    await leadglass.succeed('echo', leadglass.address, '--as', device.folder);
  }
  await leadglass.succeed('ledger', 'verify');
  assert.doesNotMatch(leadglass.log, /"level":"error"/);
});
