/**
 * The OpenAPI document of the web door, made of the same table that routes are held against: what is described is served, and
 * what is served is described. docs/reference/openapi.json is this, written by scripts/generate-openapi.ts.
 */
import { served } from './capabilities.ts';
import type { ResourceMethod } from './resource-table.ts';
import type { WebHandlers, WebOperation } from './routes.ts';

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

const json = 'application/dicom+json';
const xml = 'multipart/related; type="application/dicom+xml"';
const storedJson = 'multipart/related; type="application/dicom+json"';
const dicom = 'multipart/related; type="application/dicom"';
const octets = 'multipart/related; type="application/octet-stream"';

/** Of images, reports, documents, models for printing, waveforms and videos; which of them, the object says. */
const renderedTypes = [
  'image/jpeg',
  'image/png',
  'text/html',
  'text/plain',
  'text/xml',
  'application/pdf',
  'model/stl',
  'model/obj',
  'model/mtl',
  'image/svg+xml',
  'video/mpeg',
  'video/mp2t',
  'video/mp4',
  'video/h264',
  'video/h265',
] as const;
/** Table 8.7.3-5, as far as some codec or some stored image has it. */
const frames = ['image/jpeg', 'image/jls', 'image/jp2', 'image/jpx', 'image/jphc', 'image/dicom-rle'].map(
  (type) => `multipart/related; type="${type}"`,
);

/** What each operation answers with and takes; which of them it is, the Accept header says (PS3.18 8.7). */
const facts = {
  search: { summary: 'Search (PS3.18 10.6)', types: [json, xml], success: ['200', '204'] },
  store: {
    summary: 'Store (PS3.18 10.5)',
    types: [json, xml],
    success: ['200', '202'],
    takes: [dicom, 'application/dicom', storedJson, xml],
  },
  remove: { summary: 'Ask for the removal of a study (proprietary)', types: [], success: ['204'] },
  instances: {
    summary: 'Retrieve as DICOM (PS3.18 10.4)',
    types: [dicom, 'application/dicom', 'application/zip', octets, ...frames],
    success: ['200', '206'],
  },
  metadata: { summary: 'Retrieve metadata (PS3.18 10.4)', types: [json, xml], success: ['200'] },
  rendered: { summary: 'Retrieve rendered (PS3.18 10.4)', types: renderedTypes, success: ['200', '206'] },
  thumbnail: { summary: 'Retrieve a thumbnail (PS3.18 10.4)', types: ['image/jpeg', 'image/png'], success: ['200'] },
  bulkdata: { summary: 'Retrieve bulk data (PS3.18 10.4)', types: [octets, ...frames], success: ['200', '206'] },
  pixeldata: { summary: 'Retrieve pixel data (PS3.18 10.4)', types: [octets, ...frames], success: ['200', '206'] },
  frames: { summary: 'Retrieve frames (PS3.18 10.4)', types: [octets, ...frames], success: ['200'] },
  'bulkdata-value': {
    summary: 'Retrieve one bulk data value (PS3.18 10.4)',
    types: [octets, ...frames],
    success: ['200', '206'],
  },
  'wado-uri': { summary: 'Retrieve by URI (PS3.18 9)', types: ['application/dicom'], success: ['200'] },
} as const satisfies Record<
  WebOperation,
  { summary: string; types: readonly string[]; success: readonly string[]; takes?: readonly string[] }
>;

const parameterSchemas: Readonly<Record<string, Json>> = {
  study: { $ref: '#/components/schemas/Uid' },
  series: { $ref: '#/components/schemas/Uid' },
  instance: { $ref: '#/components/schemas/Uid' },
  frames: { type: 'string', pattern: '^[1-9][0-9]*(,[1-9][0-9]*)*$', description: 'Frame numbers, rising' },
  attribute: { type: 'string', description: 'As a BulkDataURI of the metadata has it' },
};

export function openApi(handlers: WebHandlers, version: string): Json {
  const paths = served(handlers).map(({ template, methods }) => {
    const parameters = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
      name,
      in: 'path',
      required: true,
      schema: parameterSchemas[name] ?? { type: 'string' },
    }));
    const operations = methods.map((method) => [method.method.toLowerCase(), operationOf(method)] as const);
    return [
      template,
      { ...(parameters.length === 0 ? {} : { parameters }), ...Object.fromEntries(operations) },
    ] as const;
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Leadglass DICOMweb',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'DICOMweb (PS3.18) of a Leadglass server. Who asks is known by a client certificate or by a short-lived token ' +
        '("leadglass device token"); every use is recorded.',
    },
    servers: [{ url: 'https://localhost:8443/dicom-web' }],
    security: [{ certificate: [] }, { token: [] }],
    paths: { '/': { options: capabilitiesOperation }, ...Object.fromEntries(paths) },
    components: {
      securitySchemes: {
        certificate: { type: 'mutualTLS' },
        token: { type: 'http', scheme: 'bearer' },
      },
      schemas: {
        Uid: { type: 'string', pattern: '^[0-9.]+$', maxLength: 64 },
        Problem: {
          type: 'object',
          description: 'RFC 9457, with a stable code',
          required: ['title', 'status', 'detail', 'code'],
          properties: {
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string' },
            code: { type: 'string' },
          },
        },
      },
      responses: {
        Problem: {
          description: 'It was not done; "code" and "detail" say why',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}

const noContent: Partial<Record<WebOperation, string>> = {
  remove: 'The study is hidden from every door, until somebody brings it back or destroys it at the server',
};

const problem = { $ref: '#/components/responses/Problem' };
const capabilitiesOperation: Json = {
  operationId: 'RetrieveCapabilities',
  summary: 'Retrieve Capabilities (PS3.18 8.9)',
  responses: {
    '200': { description: 'What this door serves', content: { 'application/vnd.sun.wadl+xml': {} } },
    default: problem,
  },
};

function operationOf({ id, operation, isProprietary }: ResourceMethod): Json {
  const { summary, types, success, ...others } = facts[operation];
  const content = Object.fromEntries(types.map((type) => [type, {}]));
  const responses = success.map((status) => [
    status,
    status === '204' ? { description: noContent[operation] ?? 'There is nothing' } : { description: 'Done', content },
  ]);
  const takes: readonly string[] = 'takes' in others ? others.takes : [];
  const body = takes.length === 0 ? {} : { requestBody: { required: true, content: contentOf(takes) } };
  const proprietary = isProprietary === true ? { 'x-proprietary': true } : {};
  return {
    operationId: id,
    summary,
    ...proprietary,
    ...body,
    responses: { ...Object.fromEntries(responses), default: problem },
  };
}

function contentOf(types: readonly string[]): Json {
  return Object.fromEntries(types.map((type) => [type, {}]));
}
