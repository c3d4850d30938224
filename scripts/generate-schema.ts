/** Writes schema/schema.graphql from the code, unless it says so already: `npm run schema`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { printApiSchema } from '../api/graphql/schema.js';

const file = new URL('../../schema/schema.graphql', import.meta.url);
const text = printApiSchema();
// A file that was touched is one that has to be built anew.
if (readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
