/**
 * A device's key pair, made in this browser: only its public half goes to the server, the private one is saved by the person who
 * sets the device up, and is gone with the page.
 */
export interface DeviceKey {
  /** SPKI as PEM. */
  readonly publicPem: string;
  /** PKCS #8 as PEM. */
  readonly privatePem: string;
}

/** ECDSA P-256, as `leadglass device add` makes it. */
export async function makeDeviceKey(): Promise<DeviceKey> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const [spki, pkcs8] = await Promise.all([
    crypto.subtle.exportKey('spki', pair.publicKey),
    crypto.subtle.exportKey('pkcs8', pair.privateKey),
  ]);
  return { publicPem: pemOf('PUBLIC KEY', spki), privatePem: pemOf('PRIVATE KEY', pkcs8) };
}

/** RFC 7468. */
export function pemOf(label: string, bytes: ArrayBuffer): string {
  const base64 = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
