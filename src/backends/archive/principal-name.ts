/** How the store remembers who sent or decided something; a device by its name, others with their kind before it. */
import type { Principal } from '../../guard/principal.ts';

export function principalName(principal: Principal): string {
  if (principal.kind === 'device') return principal.device;
  return principal.kind === 'operator' ? `operator:${principal.user}` : `system:${principal.job}`;
}
