/** Who serves what: the one place in which a handler is entered. */
import type { WebHandlers } from '../routes.ts';
import { bulkDataValue } from './bulk-data.ts';
import { bulkData } from './bulk-message.ts';
import { frames, pixelData } from './frames.ts';
import { instances } from './instances.ts';
import { metadata } from './metadata.ts';
import { remove } from './remove.ts';
import { rendered } from './rendered.ts';
import { search } from './search.ts';
import { store } from './store.ts';
import { thumbnail } from './thumbnail.ts';
import { wadoUri } from './wado-uri.ts';

export const handlers: WebHandlers = {
  search,
  store,
  remove,
  instances,
  metadata,
  frames,
  bulkdata: bulkData,
  pixeldata: pixelData,
  'bulkdata-value': bulkDataValue,
  rendered,
  thumbnail,
  'wado-uri': wadoUri,
};
