/** Writes schema/schema.graphql from the code: `npm run schema`. */
import { writeFileSync } from 'node:fs';
import { printApiSchema } from '../api/graphql/schema.js';

writeFileSync(new URL('../../schema/schema.graphql', import.meta.url), printApiSchema());
