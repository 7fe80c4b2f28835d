/** How programs find out whom to ask, and what for: our own description of DICOMweb, and the library's of the server, set right. */
import { programScopes } from '../guard/program-scope.ts';
import { sessionScopes } from './provider.ts';
import type { OAuthAnswer } from './requests.ts';

/** RFC 9728 2. */
export function resourceMetadata(origin: string, resource: string): OAuthAnswer {
  const document = {
    resource,
    authorization_servers: [origin],
    scopes_supported: programScopes,
    bearer_methods_supported: ['header'],
    resource_name: 'Leadglass DICOMweb',
  };
  const body = Buffer.from(JSON.stringify(document));
  return { status: 200, headers: [['content-type', 'application/json']], body };
}

/** The library's description (RFC 8414 2), less what is not served here and with what is. */
export function asServed(answer: OAuthAnswer, resource: string): OAuthAnswer {
  const described: unknown = JSON.parse(Buffer.from(answer.body).toString());
  const document = {
    ...Object(described),
    response_modes_supported: ['query'],
    scopes_supported: [...sessionScopes, ...programScopes],
    protected_resources: [resource],
  };
  return { ...answer, body: Buffer.from(JSON.stringify(document)) };
}
