/** The table of cases against a proxy in front of one upstream: what is refused, what passes, and who saw how many. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestProxy, type TestProxy } from '../support/proxy.js';
import { createTenant, type TestTenant } from '../support/tenant.js';
import { waitFor } from '../support/wait-for.js';
import { WIRE_CASES } from './table.js';
import { playCase } from './wire-client.js';

/** An upstream that answers every request with 200 and a short body of known length. */
export interface CountingUpstream {
  readonly origin: string;
  /** `METHOD target` of every request that it read off its connections, refused ones included, with their statuses */
  seen(): Promise<readonly string[]> | readonly string[];
  close(): Promise<void>;
}

/** Defines the tests; `upstreamName` says in front of what. */
export function defineStrictSuite(upstreamName: string, start: () => Promise<CountingUpstream>): void {
  let upstream: CountingUpstream;
  let proxy: TestProxy;
  let tenant: TestTenant;

  beforeAll(async () => {
    upstream = await start();
    proxy = await startTestProxy({ openai: upstream.origin });
    tenant = await createTenant(proxy.owner);
    await tenant.gateway('main');
  });
  afterAll(async () => {
    await proxy.stop();
    await upstream.close();
  });

  const caseNames = WIRE_CASES.map(({ name }, i): [string, number] => [name, i]);

  test.each(caseNames)(`in front of ${upstreamName}: %s`, async (_name, i) => {
    const wire = WIRE_CASES[i];
    if (wire === undefined) throw new Error('the table has no such case');
    const outcome = await playCase(proxy.url, `/v1/${tenant.tag}/main/openai/case-${i}`, wire);
    expect(outcome).toEqual({ statuses: wire.statuses, isClosed: wire.closes });
  });

  test(`${upstreamName} saw exactly the requests that were logged, and each case as many as it should`, async () => {
    const expected = WIRE_CASES.reduce((sum, wire) => sum + wire.forwarded + (wire.closes ? 0 : 1), 0);
    const logged = await waitFor(
      async () => {
        const { rows } = await proxy.owner.query<{ line: string }>(
          `SELECT method || ' ' || path AS line FROM usage_record WHERE account_id = $1`,
          [tenant.accountId],
        );
        return rows.length >= expected ? rows.map(({ line }) => line) : null;
      },
      `${expected} usage records`,
      5_000,
    );
    expect(logged.map(shown).toSorted()).toEqual((await upstream.seen()).map(shown).toSorted());
    expect(countsByCase(logged)).toEqual(WIRE_CASES.map((wire) => wire.forwarded + (wire.closes ? 0 : 1)));
    process.stdout.write(`${WIRE_CASES.length} cases in front of ${upstreamName}, ${logged.length} requests\n`);
  });
}

/** The record cuts a long path; its beginning tells it apart. */
const shown = (line: string): string => line.slice(0, 200);

function countsByCase(lines: readonly string[]): number[] {
  const counts = WIRE_CASES.map(() => 0);
  for (const line of lines) {
    const i = Number(/\/case-(\d+)/.exec(line)?.[1]);
    counts[i] = (counts[i] ?? 0) + 1;
  }
  return counts;
}
