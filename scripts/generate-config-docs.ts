/** Writes docs/reference/configuration.md from the declaration in src/config/config.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { configReferenceText } from '../src/config/render.ts';

const page = resolve(import.meta.dirname, '../docs/reference/configuration.md');
mkdirSync(dirname(page), { recursive: true });
writeFileSync(page, configReferenceText());
