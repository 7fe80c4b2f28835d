/**
 * Stands in for dcmjs in the console: Cornerstone reads DICOM files with it, which the viewer never does, since its metadata comes as
 * JSON. What is left is a logger, and that one keeps quiet: its lines could hold what an image is called.
 */
const quiet = () => undefined;
const logger = {
  trace: quiet,
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: quiet,
  setLevel: quiet,
  getLogger: () => ({ ...logger }),
};

export const log = logger;
/** PS3.5 annex A. */
export const constants = {
  IMPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2',
  EXPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2.1',
  DEFLATED_EXPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2.1.99',
  EXPLICIT_BIG_ENDIAN: '1.2.840.10008.1.2.2',
};
