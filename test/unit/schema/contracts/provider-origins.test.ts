import { expect, test } from '@jest/globals';
import { keyOriginOf, providerOriginsSchema } from '../../../../schema/contracts/provider-origins.js';

const NONE = providerOriginsSchema.parse(undefined);

test('a key is bound to the origin of its provider and target', () => {
  expect(keyOriginOf('openai', {}, NONE)).toBe('https://api.openai.com');
  expect(keyOriginOf('azure-openai', { resource: 'acme' }, NONE)).toBe('https://acme.openai.azure.com');
  expect(keyOriginOf('google-vertex-ai', { project: 'p', region: 'us-east5' }, NONE)).toBe(
    'https://us-east5-aiplatform.googleapis.com',
  );
  expect(keyOriginOf('google-vertex-ai', { project: 'p', region: 'global' }, NONE)).toBe(
    'https://aiplatform.googleapis.com',
  );
});

test("the operator's base replaces the provider's own, placeholders included", () => {
  const overrides = providerOriginsSchema.parse(
    '{"openai":"http://10.0.0.1:8000/v1","azure-openai":"https://{resource}.azure.example/x"}',
  );
  expect(keyOriginOf('openai', {}, overrides)).toBe('http://10.0.0.1:8000');
  expect(keyOriginOf('azure-openai', { resource: 'acme' }, overrides)).toBe('https://acme.azure.example');
  expect(keyOriginOf('groq', {}, overrides)).toBe('https://api.groq.com');
});

test.each(['[]', 'null', '"x"', '{', '{"nobody":"https://x.example"}', '{"openai":1}', '{"openai":"ftp://x"}'])(
  'PROVIDER_ORIGINS %s is refused',
  (json) => {
    expect(providerOriginsSchema.safeParse(json).success).toBe(false);
  },
);
