import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { schemaMistakes } from '../../guard/schema-words.ts';
import { callSchemas } from './control-calls.ts';

const junk = [undefined, null, true, -1, 1e9, '', 'x', 'x'.repeat(5000), [], [{}], [5, ''], {}, { kind: 5 }, { x: 1 }];

for (const [name, schema] of Object.entries(callSchemas)) {
  test(`whatever is wrong with the arguments of ${name}, the schema library's own words reach nobody`, () => {
    for (const field of Object.keys(schema.entries)) {
      for (const value of junk) {
        const { success, issues } = v.safeParse(schema, { [field]: value });
        if (success) continue;
        const words = schemaMistakes(issues, 'arguments');
        assert.doesNotMatch(words, /Invalid|Expected|received|undefined|\[object/, words);
        assert.ok(words.length < 2000, words);
      }
    }
  });
}
