/** Which instances have a rendered form that is no picture of pixels: documents, waveforms and videos (PS3.18 8.7.4). */
import { isVideoSyntax } from './video-type.ts';

export type DocumentKind = 'report' | 'encapsulated' | 'waveform' | 'video';

/** PS3.3 A.45, A.85, A.104: what is inside is a file of this media type. */
const encapsulatedTypes: ReadonlyMap<string, string> = new Map([
  ['1.2.840.10008.5.1.4.1.1.104.1', 'application/pdf'],
  ['1.2.840.10008.5.1.4.1.1.104.2', 'text/xml'],
  ['1.2.840.10008.5.1.4.1.1.104.3', 'model/stl'],
  ['1.2.840.10008.5.1.4.1.1.104.4', 'model/obj'],
  ['1.2.840.10008.5.1.4.1.1.104.5', 'model/mtl'],
]);

/** Structured reports, key object selections and CAD results (PS3.3 A.35); Macular Grid Thickness and Volume Report (A.54). */
const reportRoot = '1.2.840.10008.5.1.4.1.1.88.';
const macularGridReport = '1.2.840.10008.5.1.4.1.1.79.1';
/** PS3.3 A.34. */
const waveformRoot = '1.2.840.10008.5.1.4.1.1.9.';

/** @returns undefined for images and for what is not rendered at all */
export function documentKind(sopClassUid: string, transferSyntaxUid: string): DocumentKind | undefined {
  if (isVideoSyntax(transferSyntaxUid)) return 'video';
  if (sopClassUid.startsWith(reportRoot) || sopClassUid === macularGridReport) return 'report';
  if (sopClassUid.startsWith(waveformRoot)) return 'waveform';
  return encapsulatedTypes.has(sopClassUid) ? 'encapsulated' : undefined;
}

const labels = { report: 'SR', waveform: 'WAVEFORM', video: 'VIDEO' } as const satisfies Partial<
  Record<DocumentKind, string>
>;
const encapsulatedLabels: ReadonlyMap<string, string> = new Map([
  ['application/pdf', 'PDF'],
  ['text/xml', 'CDA'],
  ['model/stl', 'STL'],
  ['model/obj', 'OBJ'],
  ['model/mtl', 'MTL'],
]);

/** What it is in one word, the same in every language; undefined as documentKind. */
export function documentLabel(sopClassUid: string, transferSyntaxUid: string): string | undefined {
  const kind = documentKind(sopClassUid, transferSyntaxUid);
  if (kind !== 'encapsulated') return kind && labels[kind];
  return encapsulatedLabels.get(encapsulatedTypes.get(sopClassUid) ?? '');
}

/** The media type of what this class encapsulates, whatever the instance says of itself (PS3.3 C.24.2). */
export function encapsulatedType(sopClassUid: string): string | undefined {
  return encapsulatedTypes.get(sopClassUid);
}
