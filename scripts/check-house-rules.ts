/** Prints every breach of the house rules and exits 1 when there is one. Part of `npm run check`. */
import { readFileSync } from 'node:fs';
import { findBreaches } from './check/house-rules.js';
import { sourceFiles } from './check/source-files.js';

// what is generated keeps no rules of ours
const paths = sourceFiles('.', /\.(?:ts|tsx|mjs|cjs|js)$/).filter((path) => !path.startsWith('dashboard/src/gql/'));
const findings = paths.flatMap((path) => findBreaches(path, readFileSync(path, 'utf8')));
for (const finding of findings) process.stderr.write(`${finding.path}:${finding.line} ${finding.message}\n`);
process.stdout.write(`${paths.length} files, ${findings.length} breaches\n`);
process.exitCode = paths.length > 0 && findings.length === 0 ? 0 : 1;
