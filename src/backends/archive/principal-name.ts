/** How the store remembers who sent or decided something; a device by its name, others with their kind before it. */
import type { Principal } from '../../guard/principal.ts';

export function principalName(principal: Principal): string {
  switch (principal.kind) {
    case 'device':
      return principal.device;
    case 'person':
      return `person:${principal.account}`;
    case 'operator':
      return `operator:${principal.user}`;
    case 'system':
      return `system:${principal.job}`;
  }
}
