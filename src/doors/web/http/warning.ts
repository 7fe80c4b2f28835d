/**
 * The Warning header with the texts that PS3.18 8.3.4 and 8.3.5 prescribe. The text stands in quotes, as RFC 7234 5.5 wants
 * (and as dcm4chee-arc does); clients look for the sentence.
 */
import { checkedFieldValue } from './field-syntax.ts';

/** @param service the base URI of the service, for instance `https://pacs.example/dicom-web` */
export function warningField(service: string, text: string): string {
  return checkedFieldValue('Warning', `299 ${service}: "${text.replaceAll(/["\\]/g, '\\$&')}"`);
}

/** PS3.18 8.3.4.4.1 */
export function additionalResults(remaining: number): string {
  return `There are ${remaining} additional results that can be requested`;
}

/** PS3.18 8.3.5.1.1. @param values words of the parser (rendering-parameters.ts), which lets only harmless ones through */
export function unsupportedAnnotations(values: readonly string[]): string {
  return `The following annotation values are not supported: ${values.join(',')}`;
}

/** Ours: 8.3 wants unsupported parameters ignored and allows a warning; a mistyped key else just finds too much. */
export function ignoredParameters(names: readonly string[]): string {
  return `The following query parameters are not supported and were ignored: ${names.join(',')}`;
}
