/** Who serves what: the one place in which a handler is entered. */
import type { WebHandlers } from '../routes.ts';
import { instances } from './instances.ts';
import { search } from './search.ts';

export const handlers: WebHandlers = { search, instances };
