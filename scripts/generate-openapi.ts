/** Writes docs/reference/openapi.json from the routes and handlers of the web door. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { handlers } from '../src/doors/web/handlers/handlers.ts';
import { openApi } from '../src/doors/web/openapi.ts';

export const openApiPage = resolve(import.meta.dirname, '../docs/reference/openapi.json');

export function openApiText(): string {
  const { version }: { readonly version: string } = JSON.parse(
    readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8'),
  );
  return `${JSON.stringify(openApi(handlers, version), undefined, 2)}\n`;
}

if (import.meta.main) writeFileSync(openApiPage, openApiText());
