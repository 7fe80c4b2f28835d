/**
 * From method and path to the one operation that a request asks for; the table of handlers has a place for each. What no
 * handler serves is not announced (capabilities.ts) and does not exist.
 */
import { HttpError } from './http/http-error.ts';
import { parseTarget, type Target, type TargetLimits, type View } from './resources/target.ts';
import type { WebHandler, WebMethod } from './web-handler.ts';

/** PS3.18 10.3-1, the URI service (9), and removal, which is ours. */
export type WebOperation = 'search' | 'store' | 'remove' | 'wado-uri' | View | 'bulkdata-value';
export type WebHandlers = Partial<Record<WebOperation, WebHandler>>;

/**
 * What a path takes.
 * @param path below the base URI, percent-encoded
 * @throws LeadglassError NOT_FOUND, MALFORMED, LIMIT_EXCEEDED as parseTarget
 */
export function routesOf(path: string, limits: TargetLimits): ReadonlyMap<WebMethod, WebOperation> {
  if (path === '/wado') return reading('wado-uri');
  return operationsOf(parseTarget(path, limits));
}

/** @throws HttpError 405 with Allow */
export function operationFor(method: WebMethod, routes: ReadonlyMap<WebMethod, WebOperation>): WebOperation {
  const operation = routes.get(method);
  if (operation !== undefined) return operation;
  throw new HttpError(405, 'This resource does not take that method; Allow has those that it takes', {
    headers: { allow: [...routes.keys(), 'OPTIONS'].join(', ') },
  });
}

function operationsOf(target: Target): ReadonlyMap<WebMethod, WebOperation> {
  switch (target.kind) {
    case 'service':
      return new Map();
    case 'collection':
      // 10.5: the studies, all or those of one, take what is stored.
      return target.level === 'STUDY' ? new Map([...reading('search'), ['POST', 'store']]) : reading('search');
    case 'resource': {
      const { resource, view } = target;
      const isStudy = view === 'instances' && resource.series === undefined;
      // Studies are removed whole: each has its own key, and nothing smaller can be destroyed or brought back.
      return isStudy ? new Map([...reading(view), ['POST', 'store'], ['DELETE', 'remove']]) : reading(view);
    }
    case 'bulkdata-value':
      return reading('bulkdata-value');
  }
}

function reading(operation: WebOperation): ReadonlyMap<WebMethod, WebOperation> {
  return new Map([
    ['GET', operation],
    ['HEAD', operation],
  ]);
}
