/**
 * What Node's strict HTTP parser lets pass although another reader could understand it otherwise. Our command line sends nothing like
 * it, so it is refused: who wrote it, or what carried it here, means something else than a command.
 */
import type { IncomingMessage } from 'node:http';
import { LeadglassError } from '../../error.ts';

/** @throws LeadglassError BAD_REQUEST */
export function refuseAmbiguous(request: IncomingMessage): void {
  const { url = '', rawHeaders, headers } = request;
  const refused = (words: string): LeadglassError => new LeadglassError('BAD_REQUEST', `The request ${words}`);
  // RFC 9112 3.2: origin-form only; absolute-form and a network path name a server, and that is not for us to be.
  if (!url.startsWith('/') || url.startsWith('//')) throw refused('names another server');
  // RFC 9112 3.2: more than one Host is a mistake.
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length !== 1) throw refused(`has ${hosts.length} hosts, expected 1`);
  if (headers.upgrade !== undefined) throw refused('asks for another protocol');
}
