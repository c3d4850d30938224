/** Bodies that break parsers: what is JSON is guarded, what is not goes on untouched, and nothing fails inside. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson } from '../../support/fake-upstream.js';
import { inBatches } from '../../support/in-batches.js';
import { rawCall, type RawAnswer } from '../../support/raw-call.js';
import { startRig, type Rig } from '../../support/rig.js';
import { TEST_SIZE } from '../../support/test-size.js';

const SUITE = 'test/fixtures/json-test-suite';
const PARALLEL = 16;

let rig: Rig;
let base: string;

beforeAll(async () => {
  rig = await startRig();
  ({ base } = await rig.tenant());
  rig.upstream.answer = answerJson(200, {});
});
afterAll(() => rig.stop());

const send = (body: string | Uint8Array, name = ''): Promise<RawAnswer> =>
  rawCall(`${base}/openai/chat/completions${name === '' ? '' : `?file=${encodeURIComponent(name)}`}`, {
    headers: { 'content-type': 'application/json' },
    body,
  });

/** Valid JSON of the suite that is refused: it is nested more deeply than anybody's request. */
const TOO_DEEP = ['i_structure_500_nested_arrays.json'];

test('T-JSON-1 every file of JSONTestSuite is refused for its depth or goes on byte for byte', async () => {
  const files = ['test_parsing', 'test_transform'].flatMap((folder) =>
    readdirSync(`${SUITE}/${folder}`).map((file) => ({ file, bytes: readFileSync(`${SUITE}/${folder}/${file}`) })),
  );
  expect(files).toHaveLength(318 + 22);
  const refused: string[] = [];
  const other: string[] = [];
  await inBatches(files, PARALLEL, async ({ file, bytes }) => {
    const { status } = await send(bytes, file);
    if (status === 400) refused.push(file);
    else if (status !== 200) other.push(`${file}: ${status}`);
  });
  expect({ refused, other }).toEqual({ refused: TOO_DEEP, other: [] });
  const seen = new Map(rig.upstream.seen.map((request) => [request.url, request.body]));
  for (const { file, bytes } of files) {
    if (TOO_DEEP.includes(file)) continue;
    const body = seen.get(`/v1/chat/completions?file=${encodeURIComponent(file)}`);
    expect({ file, isSame: body?.equals(bytes) }).toEqual({ file, isSame: true });
  }
});

test.each([
  ['arrays', '[', ']'],
  ['objects', '{"a":', '}'],
  ['both', '{"a":[', ']}'],
])('T-JSON-2 %s nested to any depth get an answer, and no provider sees them', async (_what, open, close) => {
  const before = rig.upstream.seen.length;
  for (const depth of [1e2, 1e3, 1e4, 1e5]) {
    const levels = depth + 129;
    const { status, body } = await send(`{"model":"m","x":${open.repeat(levels)}1${close.repeat(levels)}}`);
    expect(status).toBe(400);
    expect(JSON.parse(body.toString())).toMatchObject({ internalCode: 9002 });
  }
  expect(rig.upstream.seen.length).toBe(before);
});

test.each(['model', 'stream', 'max_tokens', 'messages'])('T-JSON-3 two of %s are 400/9002 and name it', async (key) => {
  const first = key.slice(0, 1);
  const escaped = `\\u${first.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`;
  const before = rig.upstream.seen.length;
  for (const second of [key, escaped, key.toUpperCase()]) {
    const { status, body } = await send(`{"${key}":1,"other":[],"${second}":2}`);
    expect(status).toBe(400);
    expect(JSON.parse(body.toString())).toMatchObject({
      internalCode: 9002,
      description: expect.stringContaining(key),
    });
  }
  expect(rig.upstream.seen.length).toBe(before);
});

test('T-JSON-4 bodies and headers that name the prototype leave every object as it was', async () => {
  const count = TEST_SIZE === 'full' ? 10_000 : 300;
  const polluting = [
    '{"__proto__":{"polluted":1},"model":"m"}',
    '{"constructor":{"prototype":{"polluted":1}},"stream_options":{"__proto__":{"polluted":1}}}',
    '{"messages":[{"__proto__":{"polluted":1},"role":"system","content":"x"}],"stream":true}',
    '{"__proto__":null,"stream":true,"stream_options":{"__proto__":{"include_usage":true}}}',
  ];
  await inBatches(
    Array.from({ length: count }, (_, i) => i),
    PARALLEL,
    async (i) => {
      const answer = await rawCall(`${base}/openai/chat/completions`, {
        headers: { 'content-type': 'application/json', 'cf-aig-metadata': polluting[(i + 1) % polluting.length] },
        body: polluting[i % polluting.length] ?? '',
      });
      expect(answer.status).toBe(200);
    },
  );
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(([] as unknown as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
});
