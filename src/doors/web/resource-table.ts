/**
 * The resources of the web door as templates (PS3.18 tables 9.1-1, 10.4.1-1 to 10.6.1-1): what the capabilities announce (8.9) and
 * the OpenAPI document describes. The path itself is read by target.ts; a test holds the two together.
 */
import type { WebOperation } from './routes.ts';

export interface ResourceMethod {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly operation: WebOperation;
  /** Names the transaction of this resource. */
  readonly id: string;
  /** Ours: the standard has no such transaction. */
  readonly isProprietary?: true;
}
export interface ResourceTemplate {
  /** Below the base URI; `{study}`, `{series}` and `{instance}` are UIDs. */
  readonly template: string;
  readonly methods: readonly ResourceMethod[];
}

const levels = [
  { template: '/studies/{study}', name: 'Study' },
  { template: '/studies/{study}/series/{series}', name: 'Series' },
  { template: '/studies/{study}/series/{series}/instances/{instance}', name: 'Instance' },
] as const;
const views = [
  ['metadata', 'Metadata'],
  ['rendered', 'Rendered'],
  ['thumbnail', 'Thumbnail'],
  ['bulkdata', 'Bulkdata'],
  ['pixeldata', 'PixelData'],
] as const;

const get = (template: string, operation: WebOperation, id: string): ResourceTemplate => ({
  template,
  methods: [{ method: 'GET', operation, id }],
});

const instance = levels[2].template;

export const resourceTemplates: readonly ResourceTemplate[] = [
  {
    template: '/studies',
    methods: [
      { method: 'GET', operation: 'search', id: 'SearchForStudies' },
      { method: 'POST', operation: 'store', id: 'StoreInstances' },
    ],
  },
  get('/studies/{study}/series', 'search', 'SearchForStudySeries'),
  get('/studies/{study}/instances', 'search', 'SearchForStudyInstances'),
  get('/studies/{study}/series/{series}/instances', 'search', 'SearchForStudySeriesInstances'),
  get('/series', 'search', 'SearchForSeries'),
  get('/instances', 'search', 'SearchForInstances'),
  {
    template: '/studies/{study}',
    methods: [
      { method: 'GET', operation: 'instances', id: 'RetrieveStudy' },
      { method: 'POST', operation: 'store', id: 'StoreStudyInstances' },
      { method: 'DELETE', operation: 'remove', id: 'RemoveStudy', isProprietary: true },
    ],
  },
  ...levels.slice(1).map(({ template, name }) => get(template, 'instances', `Retrieve${name}`)),
  ...levels.flatMap(({ template, name }) =>
    views.map(([view, word]) => get(`${template}/${view}`, view, `Retrieve${name}${word}`)),
  ),
  get(`${instance}/frames/{frames}`, 'frames', 'RetrieveFrames'),
  get(`${instance}/frames/{frames}/rendered`, 'rendered', 'RetrieveFramesRendered'),
  get(`${instance}/frames/{frames}/thumbnail`, 'thumbnail', 'RetrieveFramesThumbnail'),
  get(`${instance}/bulkdata/{attribute}`, 'bulkdata-value', 'RetrieveBulkdataValue'),
  get('/wado', 'wado-uri', 'RetrieveByUri'),
];
