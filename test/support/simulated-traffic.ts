/**
 * The same traffic through gateways with and without a cache: what the cache saved, and what the api says that it would
 * have saved. The caches' clock goes as the test says; the records of the gateway without one are moved to the times
 * that it told.
 */
import { expect } from '@jest/globals';
import fc from 'fast-check';
import { newUuidV7 } from '../../schema/contracts/ids.js';
import { startTestApi, type TestApi } from './api.js';
import {
  answerEvents,
  answerJson,
  chatCompletion,
  chatEvents,
  startFakeUpstream,
  type Answer,
  type FakeUpstream,
} from './fake-upstream.js';
import { graphqlCaller } from './graphql.js';
import { startTestProxy, type TestProxy } from './proxy.js';
import { createUser } from './seed.js';
import { createTenant, type TestTenant } from './tenant.js';
import { usageRecords, type UsageRow } from './usage-records.js';

/** Advances are multiples of 25 s: how long the test itself takes cannot make or miss a hit. */
export const TTLS = [60, 610] as const;

export interface Saved {
  readonly hits: string;
  readonly savedUsd: string;
  readonly savedTokensIn: string;
  readonly savedTokensOut: string;
}

export interface SimulationRig {
  readonly api: TestApi;
  readonly proxy: TestProxy;
  readonly upstream: FakeUpstream;
  advance(seconds: number): void;
  stop(): Promise<void>;
}

let advancedMs = 0;

/** The caches are in memory alone: nothing but their clock ends an answer. */
export async function startSimulationRig(): Promise<SimulationRig> {
  const upstream = await startFakeUpstream();
  const api = await startTestApi();
  const proxy = await startTestProxy(
    { openai: `${upstream.origin}/v1`, anthropic: upstream.origin },
    { DATABASE_URL: api.database.url, REDIS_URL: api.redis.url, CACHE_REDIS_URL: 'redis://127.0.0.1:1' },
    { answerCache: { now: () => advancedMs + performance.now() } },
  );
  return {
    api,
    proxy,
    upstream,
    advance: (seconds) => void (advancedMs += seconds * 1_000),
    async stop() {
      await proxy.stop();
      await api.stop();
      await upstream.close();
    },
  };
}

/** An account whose gateways share its prices. */
export interface Trial {
  readonly tenant: TestTenant;
  gateway(
    name: string,
    settings?: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly id: string; readonly base: string }>;
  /** what the cache of a gateway saved, once it has so many records */
  real(gatewayId: string, records: number): Promise<Saved>;
  simulated(gatewayId: string, ttlSeconds: readonly number[]): Promise<readonly Saved[]>;
}

const ASK = `query ($tag: String!, $name: String!, $from: DateTime!, $to: DateTime!, $ttlSeconds: [Int!]!) {
  account(tag: $tag) { gateway(name: $name) { insights(from: $from, to: $to) {
    repeatedRequests(ttlSeconds: $ttlSeconds) { covered { complete }
      simulations { hits savedUsd savedTokensIn savedTokensOut } } } } } }`;
const DAY_MS = 86_400_000;
const RATES = { inputTokens: '7', outputTokens: '1000003' };

export async function newTrial({ api, proxy }: SimulationRig): Promise<Trial> {
  const tenant = await createTenant(api.owner);
  await tenant.priceOverride({ provider: 'openai', model: 'gpt-4o-mini', match: 'PREFIX', rates: RATES });
  await tenant.priceOverride({ provider: 'anthropic', model: 'claude', match: 'PREFIX', rates: RATES });
  const { token } = await createUser(api.owner, { accountId: tenant.accountId, role: 'VIEWER' });
  const names = new Map<string, string>();
  const rowsOf = async (gatewayId: string, count: number): Promise<readonly UsageRow[]> => {
    const rows = await usageRecords(api.owner, tenant.accountId, count);
    return rows.filter((row) => row['gateway_id'] === gatewayId);
  };
  return {
    tenant,
    async gateway(name, settings = {}) {
      const id = await tenant.gateway(name, settings);
      names.set(id, name);
      return { id, base: `${proxy.url}/v1/${tenant.tag}/${name}` };
    },
    async real(gatewayId, records) {
      const rows = await rowsOf(gatewayId, records);
      const hits = rows.filter((row) => row['cached'] === true);
      const answers = hits.map((hit) => answerOf(rows, hit));
      const sum = (values: readonly unknown[]): bigint =>
        values.reduce<bigint>((all, value) => all + BigInt(String(value)), 0n);
      const pico = sum(hits.map((row) => row['saved_pico']));
      return {
        hits: String(hits.length),
        savedUsd: decimal(pico),
        savedTokensIn: String(sum(answers.map((row) => row['input_tokens']))),
        savedTokensOut: String(sum(answers.map((row) => row['output_tokens']))),
      };
    },
    async simulated(gatewayId, ttlSeconds) {
      const nowMs = Date.now(); // 31 days are the most, to the millisecond
      const [from, to] = [new Date(nowMs - 30 * DAY_MS), new Date(nowMs + DAY_MS)];
      const variables = { tag: tenant.tag, name: names.get(gatewayId), from, to, ttlSeconds };
      const answer = (await graphqlCaller(api.url, token)(ASK, variables)).expectData<{
        account: { gateway: { insights: { repeatedRequests: { covered: object; simulations: readonly Saved[] } } } };
      }>();
      const { covered, simulations } = answer.account.gateway.insights.repeatedRequests;
      expect(covered).toEqual({ complete: true });
      return simulations;
    },
  };
}

/** The record of the call whose answer a hit was: its size tells, unless all of them have one size. */
function answerOf(rows: readonly UsageRow[], hit: UsageRow): UsageRow {
  const key = String(hit['cache_key_hash']);
  const answers = rows
    .slice(0, rows.indexOf(hit))
    .filter(
      (row) =>
        row['cached'] === false &&
        row['status_code'] === 200 &&
        row['client_aborted'] === false &&
        String(row['cache_key_hash']) === key,
    );
  const answer = answers.findLast((row) => row['response_bytes'] === hit['response_bytes']) ?? answers.at(-1);
  if (answer === undefined) throw new Error('a hit without an answer before it');
  return answer;
}

function decimal(pico: bigint): string {
  const digits = pico.toString().padStart(13, '0');
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, '');
}

export interface Step {
  readonly advanceSeconds: number;
  readonly question: number;
  readonly credential: string;
  readonly isStreaming: boolean;
  readonly reply: (typeof REPLIES)[number];
}

const REPLIES = ['answer', 'no usage', 'failure', 'error in 200', 'broken stream', 'cut'] as const;

export const anySteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    advanceSeconds: fc.constantFrom(0, 0, 25, 25, 50, 100, 300),
    question: fc.constantFrom(0, 0, 0, 1),
    credential: fc.constantFrom('sk-a', 'sk-a', 'sk-b'),
    isStreaming: fc.constantFrom(false, false, true),
    reply: fc.constantFrom('answer' as const, 'answer' as const, 'answer' as const, ...REPLIES),
  }),
  { minLength: 8, maxLength: 16 },
);

/** Sends the steps to a gateway without a cache and to one for each of TTLS, and compares. */
export async function playSteps(rig: SimulationRig, steps: readonly Step[]): Promise<void> {
  const trial = await newTrial(rig);
  const off = await trial.gateway('off');
  const cached = [];
  for (const ttl of TTLS) cached.push(await trial.gateway(`on-${ttl}`, { cache_ttl_seconds: ttl }));
  const times: { readonly id: string; readonly shiftMs: number }[] = [];
  const beganAtMs = advancedMs;
  for (const [number, step] of steps.entries()) {
    rig.advance(step.advanceSeconds);
    rig.upstream.answer = replyOf(step, number);
    times.push({ id: await send(off.base, step), shiftMs: advancedMs - beganAtMs });
    for (const { base } of cached) await send(base, step);
  }
  const count = steps.length * (TTLS.length + 1);
  const real = [];
  for (const { id } of cached) real.push(await trial.real(id, count));
  const moved = await trial.gateway('moved');
  await move(rig, { from: off.id, to: moved.id, times });
  expect(await trial.simulated(moved.id, TTLS)).toEqual(real);
}

/** Answers the request's id; what becomes of it is its record's affair. */
async function send(base: string, { question, credential, isStreaming }: Step): Promise<string> {
  const content = `question ${question}`;
  // asked for by the client: the gateway takes nothing out, and a hit has the size of its answer
  const stream = isStreaming ? { stream: true, stream_options: { include_usage: true } } : {};
  const response = await fetch(`${base}/openai/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${credential}`,
      ...(question === 1 ? { 'cf-aig-custom-cost': '{"per_token_in":0.000001,"per_token_out":0.000003}' } : {}),
    },
    body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }], ...stream }),
  });
  await response.text().catch(() => 'cut');
  return response.headers.get('cf-aig-request-id') ?? '';
}

/** Every reply has a size of its own, so that a hit tells whose answer it was, and a usage of its own. */
function replyOf({ reply, isStreaming }: Step, number: number): Answer {
  const words = ['Hello', 'x'.repeat(number)];
  const usage = { prompt_tokens: 10 + number, completion_tokens: 100 - number, total_tokens: 110 };
  const events = chatEvents(words, false);
  const usageEvent = `data: ${JSON.stringify({ model: 'gpt-4o-mini', choices: [], usage })}\n\n`;
  const document = chatCompletion({ id: 'x'.repeat(number), usage });
  switch (reply) {
    case 'answer':
      return isStreaming
        ? answerEvents([...events.slice(0, -1), usageEvent, ...events.slice(-1)])
        : answerJson(200, document);
    case 'no usage':
      return isStreaming ? answerEvents(events) : answerJson(200, { ...document, usage: undefined });
    case 'failure':
      return answerJson(500, { error: { message: 'down' } });
    case 'error in 200':
      return isStreaming ? answerEvents([ERROR_EVENT]) : answerJson(200, { error: { message: 'overloaded' } });
    case 'broken stream':
      return isStreaming ? answerEvents([...events.slice(0, 2), ERROR_EVENT]) : answerJson(503, {});
    case 'cut':
      return (_request, response) => {
        response.writeHead(200, { 'content-type': isStreaming ? 'text/event-stream' : 'application/json' });
        response.write(events[0], () => response.destroy());
      };
  }
}

const ERROR_EVENT = 'data: {"error":{"message":"overloaded","type":"server_error"}}\n\n';

/** Writes the records once more, for another gateway, at the times that the caches' clock told. */
async function move(
  { api }: SimulationRig,
  { from, to, times }: { from: string; to: string; times: readonly { id: string; shiftMs: number }[] },
): Promise<void> {
  const { rows } = await api.owner.query<{ id: string; created_at: Date }>(
    'SELECT id, created_at FROM usage_record WHERE gateway_id = $1',
    [from],
  );
  const lastMs = Math.max(...times.map(({ shiftMs }) => shiftMs));
  for (const { id, created_at: createdAt } of rows) {
    const shiftMs = (times.find((one) => one.id === id)?.shiftMs ?? 0) - lastMs - DAY_MS;
    const at = new Date(createdAt.getTime() + shiftMs);
    const time = at.getTime().toString(16).padStart(12, '0');
    const changes = {
      id: `${time.slice(0, 8)}-${time.slice(8)}${newUuidV7().slice(13)}`,
      gateway_id: to,
      created_at: at.toISOString(),
      day: at.toISOString().slice(0, 10),
    };
    await api.owner.query(
      `INSERT INTO usage_record SELECT (jsonb_populate_record(u, $2)).* FROM usage_record u WHERE u.id = $1`,
      [id, JSON.stringify(changes)],
    );
  }
}
