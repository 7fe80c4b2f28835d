/** The browser's history as a store of the present route; links of the page are followed without loading it anew. */
import { parseRoute, type Route } from './route.ts';
import { store } from './store.ts';

export const route = store<Route | undefined>(parseRoute(location.pathname));

export function navigate(path: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (path !== location.pathname) history[replace ? 'replaceState' : 'pushState'](null, '', path);
  arrived();
  scrollTo({ top: 0 });
}

function arrived(): void {
  route.set(parseRoute(location.pathname));
}

export function followLinks(): void {
  addEventListener('popstate', arrived);
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.target !== '' || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || parseRoute(link.pathname) === undefined || link.hash !== '') return;
    event.preventDefault();
    navigate(link.pathname);
  });
}
