/** Who serves what: the one place in which a handler is entered. */
import type { WebHandlers } from '../routes.ts';
import { instances } from './instances.ts';
import { metadata } from './metadata.ts';
import { rendered } from './rendered.ts';
import { search } from './search.ts';
import { store } from './store.ts';
import { thumbnail } from './thumbnail.ts';

export const handlers: WebHandlers = { search, instances, metadata, store, rendered, thumbnail };
