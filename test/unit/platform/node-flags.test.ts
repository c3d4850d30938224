import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { PROXY_NODE_FLAGS, TIER_NODE_FLAGS } from '../../../platform/node-flags.js';

const read = (file: string): string => readFileSync(file, 'utf8');

test.each([
  ['api', TIER_NODE_FLAGS],
  ['proxy', PROXY_NODE_FLAGS],
])('the %s has the same flags by hand and in its image as under `npm start`', (tier, flags) => {
  const program = [...flags, `dist/${tier}/main.js`];
  const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));
  expect(scripts[`start:${tier}`]).toBe(['node', ...program].join(' '));
  expect(read('Dockerfile')).toContain(`CMD ${JSON.stringify(['node', ...program]).replaceAll(',', ', ')}`);
});
