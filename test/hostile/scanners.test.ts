/**
 * The scanners that everybody can get, against both doors: sslscan and testssl.sh for TLS, sqlmap and wapiti for DICOMweb with a
 * token. They find nothing, but for what is named here with its reason. Bounded in time; nothing leaves this machine.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import tls from 'node:tls';
import { once } from 'node:events';
import { startCarelessServer } from '../support/careless-server.ts';
import { selfSigned } from '../support/certificates.ts';
import { type Image, writeImage } from '../support/dicom-files.ts';
import { Leadglass } from '../support/leadglass.ts';
import { needs } from '../support/peers.ts';
import { type Ran, runProgram } from '../support/programs.ts';

/** A scanner with a home of its own, that reaches nobody else: it may think of updates. */
function scan(leadglass: Leadglass, program: string, parameters: readonly string[], timeoutMs = 120_000): Promise<Ran> {
  const home = leadglass.path(`home-${program}`);
  mkdirSync(home, { recursive: true });
  const nowhere = 'http://127.0.0.1:9';
  const proxies = { http_proxy: nowhere, https_proxy: nowhere, HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere };
  const env = { HOME: home, ...proxies, no_proxy: 'localhost,127.0.0.1', NO_PROXY: 'localhost,127.0.0.1' };
  return runProgram(program, parameters, { timeoutMs, env, cwd: home });
}

/** What sslscan says is switched on. */
async function enabledProtocols(leadglass: Leadglass, port: number): Promise<{ on: readonly string[]; xml: string }> {
  const { stdout: xml } = await scan(leadglass, 'sslscan', ['--no-colour', '--xml=-', `localhost:${port}`]);
  const protocols = [...xml.matchAll(/<protocol type="(\w+)" version="([\d.]+)" enabled="1"/g)];
  return { on: protocols.map(([, type, version]) => `${type} ${version}`), xml };
}

test(
  'sslscan sees TLS 1.2 and 1.3 with forward-secret AEAD suites, on both doors',
  needs('sslscan', 'openssl'),
  async (t) => {
    await using leadglass = await Leadglass.start();
    for (const port of [leadglass.port, leadglass.consolePort]) {
      const { on, xml } = await enabledProtocols(leadglass, port);
      assert.deepEqual(on, ['tls 1.2', 'tls 1.3']);
      const suites = [...xml.matchAll(/<cipher .*sslversion="(.*?)".* cipher="(.*?)"/g)].map(([, , name = '']) => name);
      assert.equal(suites.length, 6, suites.join());
      for (const suite of suites) assert.match(suite, /^(?:TLS_(?:AES|CHACHA20)_|ECDHE-ECDSA-(?:AES\d+-GCM|CHACHA20))/);
      assert.match(xml, /<renegotiation supported="0"/);
      assert.doesNotMatch(xml, /vulnerable="1"|compression supported="1"|strength="(?:weak|null|anonymous|medium)"/);
    }
    // That it sees what is wrong shows that it looks.
    assert.ok((await enabledProtocols(leadglass, await startOldTls(t, leadglass))).on.includes('tls 1.0'));
  },
);

/** A server that still takes TLS 1.0. Returns its port. */
async function startOldTls(t: TestContext, leadglass: Leadglass): Promise<number> {
  const { key, cert } = selfSigned(leadglass.path('old'), 'localhost');
  const options = { key: readFileSync(key), cert: readFileSync(cert), ciphers: 'ALL:@SECLEVEL=0' };
  const server = tls.createServer({ ...options, minVersion: 'TLSv1' });
  server.on('tlsClientError', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A listener on TCP has no port');
  return address.port;
}

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

/** Of testssl.sh; each has its reason in docs/threat-model.md, "What scanners say". */
const explainedTls: readonly Omit<Finding, 'severity'>[] = [
  { id: 'BREACH', finding: "potentially VULNERABLE, br HTTP compression detected  - only supplied '/' tested" },
  { id: 'cert_revocation', finding: 'Neither CRL nor OCSP URI provided' },
];

/** A shell script of thousands of processes: minutes on a machine that is busy otherwise. */
const patient = { ...needs('testssl', 'openssl'), timeout: 540_000 };

test('testssl.sh finds nothing on both doors', patient, async () => {
  await using leadglass = await Leadglass.start();
  const { folder } = await leadglass.enrol('CT1', 'acquisition');
  // Suites are sslscan's.
  const checks = ['-p', '-f', '-S', '-h', '-U'];
  const quiet = ['--quiet', '--color', '0', '--fast', '--warnings', 'off', '--nodns', 'none', '--ip', '127.0.0.1'];
  const waits = ['--connect-timeout', '10', '--openssl-timeout', '10'];
  await Promise.all(
    [leadglass.port, leadglass.consolePort].map(async (port) => {
      const file = leadglass.path(`testssl-${port}.json`);
      const where = ['--add-ca', join(folder, 'ca.pem'), '--jsonfile', file, `localhost:${port}`];
      const ran = await scan(leadglass, 'testssl', [...quiet, ...waits, ...checks, ...where], 500_000);
      const findings: readonly Finding[] = JSON.parse(readFileSync(file, 'utf8'));
      const wrong = findings.filter(
        ({ id, severity, finding }) =>
          /^(?:LOW|MEDIUM|HIGH|CRITICAL|FATAL)$/.test(severity) &&
          !explainedTls.some((known) => known.id === id && known.finding === finding),
      );
      assert.deepEqual(wrong, []);
      // It looked at everything.
      const seen = new Map(findings.map(({ id, finding }) => [id, finding]));
      assert.equal(seen.get('TLS1_3'), 'offered with final', ran.output);
      for (const id of ['heartbleed', 'ROBOT', 'CRIME_TLS', 'LUCKY13', 'BEAST', 'cert_chain_of_trust']) {
        assert.ok(seen.has(id), `${id} was not looked at`);
      }
    }),
  );
});

interface ReadingDevice {
  readonly image: Image;
  readonly baseUrl: string;
  readonly fields: readonly string[];
}

/** A stored image, and a token that may read it. */
async function readingDevice(leadglass: Leadglass): Promise<ReadingDevice> {
  const image = writeImage(leadglass.path('image'), { study: 'scanned' });
  const { folder } = await leadglass.enrol('CT1', 'acquisition');
  await leadglass.succeed('send', leadglass.address, image.path, '--as', folder);
  await leadglass.enrol('VIEW1', 'reading', '--door', 'web');
  const { token, baseUrl } = await leadglass.json<{ token: string; baseUrl: string }>(
    ...['device', 'token', 'VIEW1', '--reason', 'scanner'],
  );
  return { image, baseUrl, fields: ['-H', `Authorization: Bearer ${token}`, '-H', 'Accept: */*'] };
}

test('sqlmap finds no parameter and no path that reaches SQL', needs('sqlmap'), async (t) => {
  await using leadglass = await Leadglass.start();
  const { image, baseUrl, fields } = await readingDevice(leadglass);
  const study = `studies/${image.studyInstanceUid}`;
  const own = `requestType=WADO&studyUID=${image.studyInstanceUid}&seriesUID=${image.seriesInstanceUid}`;
  const bounds = [
    '--batch',
    '--level',
    '1',
    '--risk',
    '1',
    '--technique',
    'BEUSTQ',
    '--time-sec',
    '2',
    '--timeout',
    '10',
  ];
  const quiet = ['--disable-coloring', '--flush-session', '--retries', '1'];
  const attack = (url: string): Promise<Ran> => scan(leadglass, 'sqlmap', ['-u', url, ...bounds, ...quiet, ...fields]);
  for (const url of [
    `${baseUrl}/studies?PatientID=P-1&StudyDate=20261101&ModalitiesInStudy=CT&limit=5&includefield=StudyDescription`,
    `${baseUrl}/${study}/series?Modality=CT&00200011=1`,
    // The star is where it puts its words.
    `${baseUrl}/${study}*/metadata`,
    `${baseUrl}/wado?${own}&objectUID=${image.sopInstanceUid}`,
  ]) {
    const { output } = await attack(url);
    assert.match(output, /all tested parameters do not appear to be injectable/, output);
    assert.doesNotMatch(
      output,
      /is vulnerable|appears to be .*injectable\b|unable to connect|401 \(Unauthorized\)/,
      output,
    );
  }
  const careless = await attack(await startCarelessServer(t));
  assert.match(careless.output, /Parameter: id \(GET\)/, careless.output);
  await leadglass.succeed('ledger', 'verify');
  assert.doesNotMatch(leadglass.log, /INTERNAL|SQLITE/);
});

interface WapitiFinding {
  readonly path: string;
  readonly info: string;
  readonly parameter: string;
}
interface WapitiReport {
  readonly vulnerabilities: Readonly<Record<string, readonly WapitiFinding[]>>;
  readonly anomalies: Readonly<Record<string, readonly WapitiFinding[]>>;
}

/** Of wapiti; as above. */
const explainedWeb: ReadonlySet<string> = new Set(['X-XSS-Protection is not set']);

/** Without those that ask a server elsewhere (ssrf, xxe) or look for programs that are none of ours (nikto, buster, wapp). */
const modules =
  'sql,blindsql,xss,permanentxss,exec,file,crlf,csp,http_headers,cookieflags,redirect,methods,htaccess,backup';

test('wapiti finds nothing behind a token', needs('wapiti'), async (t) => {
  await using leadglass = await Leadglass.start();
  const { image, baseUrl, fields } = await readingDevice(leadglass);
  const { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: instance } = image;
  const attack = async (url: string, more: readonly string[]): Promise<WapitiReport> => {
    const file = leadglass.path('wapiti.json');
    writeFileSync(file, '');
    const bounds = ['--max-scan-time', '20', '--max-attack-time', '20', '-t', '10', '--scope', 'folder'];
    const quiet = ['--verify-ssl', '0', '--no-bugreport', '--flush-session', '-f', 'json', '-o', file];
    const ran = await scan(leadglass, 'wapiti', ['-u', url, '-m', modules, ...bounds, ...quiet, ...more], 200_000);
    assert.match(ran.output, /A report has been generated/, ran.output);
    return JSON.parse(readFileSync(file, 'utf8'));
  };
  const starts = [
    `${baseUrl}/studies?PatientID=P-1&limit=5`,
    `${baseUrl}/studies/${study}/series?Modality=CT&includefield=00081030`,
    `${baseUrl}/studies/${study}/series/${series}/instances/${instance}/rendered?viewport=64,64&window=40,400,linear`,
    `${baseUrl}/wado?requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${instance}`,
  ].flatMap((url) => ['-s', url]);
  const { vulnerabilities, anomalies } = await attack(new URL('/', baseUrl).href, [...starts, ...fields]);
  const findings = [...Object.entries(vulnerabilities), ...Object.entries(anomalies)].flatMap(([kind, found]) =>
    found.filter(({ info }) => !explainedWeb.has(info)).map((finding) => ({ kind, ...finding })),
  );
  assert.deepEqual(findings, []);
  const careless = await attack(await startCarelessServer(t), []);
  assert.ok((careless.vulnerabilities['Cross Site Scripting'] ?? []).length > 0, JSON.stringify(careless));
  await leadglass.succeed('ledger', 'verify');
  assert.doesNotMatch(leadglass.log, /INTERNAL/);
});
