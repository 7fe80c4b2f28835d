/** The last question to a certificate from elsewhere: does OpenSSL take it with the options of our doors? */
import { createSecureContext } from 'node:tls';
import { LeadglassError } from '../error.ts';
import { serverSecureContext, type TlsIdentity } from './tls-options.ts';

/** @throws LeadglassError BAD_REQUEST with OpenSSL's code, for instance of a root that is sent along and has a weak key */
export function checkIdentity(identity: TlsIdentity): void {
  try {
    createSecureContext(serverSecureContext({ identities: [identity], clientCa: [] }));
  } catch (error) {
    // Without the cause: nothing about a key may come into a log.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new LeadglassError('BAD_REQUEST', `OpenSSL does not take it: ${code}`);
  }
}
