/** Names what speaks on a DICOM port when it is not DICOM, from its first bytes; for log lines that a human can act on. */

const proxyHeader = 'a PROXY protocol header: the load balancer is set to send one and this port does not take it';

/** Beginnings as latin-1 text. */
const beginnings: readonly (readonly [start: string, text: string])[] = [
  ['\x16\x03', 'a TLS hello on a plain port: the peer is set to TLS and this side is not'],
  ['\x15\x03', 'a TLS alert: the peer expects TLS on this port and this side spoke plain DICOM'],
  ...['GET ', 'POST ', 'PUT ', 'HEAD ', 'DELETE', 'OPTION', 'TRACE ', 'CONNEC', 'PATCH ', 'PRI * '].map(
    (method) => [method, 'an HTTP request: a web client on the DICOM port'] as const,
  ),
  ['HTTP/', 'an HTTP answer: the port belongs to a web server'],
  ['SSH-', 'an SSH greeting: the port belongs to an SSH server'],
  ['EHLO ', 'a mail client on the DICOM port'],
  ['HELO ', 'a mail client on the DICOM port'],
  ['220 ', 'a mail or FTP greeting: the port belongs to another server'],
  ['220-', 'a mail or FTP greeting: the port belongs to another server'],
  ['PROXY ', proxyHeader],
  ['\r\n\r\n\0\r', proxyHeader],
  ['\x03\0\0', 'a remote desktop hello (RDP)'],
];

/**
 * What the first six bytes of a connection look like, or undefined when they look like nothing known. An A-ASSOCIATE-RJ
 * of DICOM begins 03 00 as well, but has another length.
 */
export function nameForeignBytes(first: Uint8Array): string | undefined {
  const text = Buffer.from(first).toString('latin1');
  return beginnings.find(([start]) => text.startsWith(start))?.[1];
}
