/** Joins the commands to dimse/client.ts. */
import { LeadglassError } from '../error.ts';
import type { ConnectDicom } from './dicom-client.ts';

export const connectDicom: ConnectDicom = () =>
  Promise.reject(new LeadglassError('UNSUPPORTED', 'The DICOM client is not built yet'));
