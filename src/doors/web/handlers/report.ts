/** Structured reports (PS3.18 table 8.7.4-1, text): as a page, as plain text and as XML. */
import { readHead } from '../../../dicom/read-head.ts';
import { readReport } from '../../../rendering/report/read-report.ts';
import type { Report } from '../../../rendering/report/report.ts';
import { reportHtml } from '../../../rendering/report/report-html.ts';
import { reportText } from '../../../rendering/report/report-text.ts';
import { reportXml } from '../../../rendering/report/report-xml.ts';
import { pageStyleDigest, type Rendition, type RenditionFacts } from './rendition.ts';

export function reportRenditions({ instance, limits, baseUrl }: RenditionFacts): readonly Rendition[] {
  const written = async function* (write: (report: Report) => string): AsyncGenerator<Uint8Array, void, undefined> {
    const { attributesBytesMax: keptBytesMax } = limits.report;
    const { dataSet } = await readHead(instance, {
      want: () => true,
      limits: { ...limits.dataSet, keptValueBytesMax: keptBytesMax, keptBytesMax },
    });
    yield Buffer.from(write(readReport(dataSet, limits.report)));
  };
  return [
    {
      mediaType: 'text/html',
      contentType: 'text/html; charset=utf-8',
      styleDigest: pageStyleDigest,
      hasLinks: true,
      isMade: true,
      read: () => written((report) => reportHtml(report, baseUrl)),
    },
    {
      mediaType: 'text/plain',
      contentType: 'text/plain; charset=utf-8',
      isMade: true,
      read: () => written(reportText),
    },
    {
      mediaType: 'text/xml',
      contentType: 'text/xml; charset=utf-8',
      isMade: true,
      read: () => written((report) => reportXml(report, baseUrl)),
    },
  ];
}
