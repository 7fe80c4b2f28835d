/** The effective configuration with its explanations: what `leadglass config show` tells, over the control door. */
import { explainedConfig } from '../config/render.ts';
import type { ControlServices } from '../doors/control/control-services.ts';
import type { Installation } from './installation.ts';
import { administer } from './caller.ts';

export function settingsServices({ guard, config }: Installation): Pick<ControlServices, 'configShow'> {
  return {
    configShow: (call) =>
      administer(guard, { ...call, command: 'config show' }, 'the effective configuration', () => ({
        groups: explainedConfig(config),
      })),
  };
}
