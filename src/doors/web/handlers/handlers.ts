/** Who serves what: the one place in which a handler is entered. */
import type { WebHandlers } from '../routes.ts';

export const handlers: WebHandlers = {};
