/** Import and export commands of the control door. */
import type { ControlServices } from '../doors/control/control-services.ts';
import { exportServices } from './control-export.ts';
import { importServices } from './control-import.ts';
import type { Installation } from './installation.ts';

export function importExportServices(installation: Installation): Pick<ControlServices, 'beginImport' | 'beginExport'> {
  return { ...importServices(installation), ...exportServices(installation) };
}
