/**
 * An audit message as the syslog message of PS3.15 A.6 (RFC 5424), without the framing of its transport: octet counting
 * over TLS, one datagram over UDP.
 */

export interface SyslogOrigin {
  readonly hostName: string;
  readonly applicationName: string;
  readonly processId: string;
  /** IHE ITI-20 asks for the first, PS3.15 A.6 names the second. */
  readonly messageId?: 'IHE+RFC-3881' | 'DICOM+RFC3881';
  /** RFC 5424 marks UTF-8 so; IHE discourages it, so it is left out unless asked for. */
  readonly byteOrderMark?: boolean;
}

/** PRI 85: facility 10 (security), severity 5 (notice). `at` is the record's time, ISO 8601. */
export function syslogMessage(xml: string, at: string, origin: SyslogOrigin): string {
  const header = [
    '<85>1',
    at,
    field(origin.hostName, 255),
    field(origin.applicationName, 48),
    field(origin.processId, 128),
    origin.messageId ?? 'IHE+RFC-3881',
    '-',
  ];
  return `${header.join(' ')} ${origin.byteOrderMark === true ? '\ufeff' : ''}${xml}`;
}

/** RFC 5424 6.2: printable ASCII without spaces, of a limited length; `-` for nothing. */
function field(text: string, lengthMax: number): string {
  return text.replaceAll(/[^!-~]/g, '_').slice(0, lengthMax) || '-';
}
