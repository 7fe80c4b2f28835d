import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { placeholderPage } from './placeholder-page.ts';

test('the placeholder page has no script, and its policy knows its one style sheet', () => {
  const { html, styleDigest } = placeholderPage();
  assert.doesNotMatch(html, /<script|javascript:|\son\w+=|https?:\/\//i);
  const styles = [...html.matchAll(/<style>(.*?)<\/style>/gs)].map(([, style]) => style ?? '');
  assert.equal(styles.length, 1);
  assert.equal(styleDigest, `sha256-${createHash('sha256').update(styles.join('')).digest('base64')}`);
});
