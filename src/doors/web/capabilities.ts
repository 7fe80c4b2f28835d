/** Retrieve Capabilities, PS3.18 8.9 and Annex H: what this door serves, as a WADL document. */
import { escapeXml } from '../../dicom/xml-text.ts';
import { type ResourceTemplate, resourceTemplates } from './resource-table.ts';
import type { WebHandlers } from './routes.ts';

export const capabilitiesMediaType = 'application/vnd.sun.wadl+xml';

/** Only what has a handler is announced. @param baseUrl of the service; its characters were checked */
export function capabilities(baseUrl: string, handlers: WebHandlers): string {
  const resources = served(handlers).map(resourceXml);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<application xmlns="http://wadl.dev.java.net/2009/02">',
    `  <resources base="${escapeXml(baseUrl)}">`,
    '    <method name="OPTIONS" id="RetrieveCapabilities"/>',
    ...resources,
    '  </resources>',
    '</application>',
    '',
  ].join('\n');
}

/** The templates with those of their methods that have a handler. */
export function served(handlers: WebHandlers): readonly ResourceTemplate[] {
  return resourceTemplates
    .map(({ template, methods }) => ({
      template,
      methods: methods.filter(({ operation }) => handlers[operation] !== undefined),
    }))
    .filter(({ methods }) => methods.length > 0);
}

function resourceXml({ template, methods }: ResourceTemplate): string {
  const parameters = [...template.matchAll(/\{(\w+)\}/g)].map(
    ([, name]) => `      <param name="${name}" style="template" required="true"/>`,
  );
  const operations = methods.map(({ method, id, isProprietary }) => {
    const head = `      <method name="${method}" id="${id}"`;
    return isProprietary === true ? `${head}><doc title="Proprietary: not in PS3.18"/></method>` : `${head}/>`;
  });
  return [`    <resource path="${template.slice(1)}">`, ...parameters, ...operations, '    </resource>'].join('\n');
}
