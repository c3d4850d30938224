/**
 * An answer that nobody asked for must never become another request's (undici's GHSA-35p6-xmwp-9g52; Node's
 * CVE-2026-48931). Every call carries a mark that the provider repeats; a stray answer has the mark of nobody.
 */
import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PLACES, startFaultRig, type FaultRig } from '../../../support/fault-rig.js';
import type { Peer } from '../../../support/faulty-upstream.js';
import { TEST_SIZE } from '../../../support/test-size.js';

let rig: FaultRig;

beforeAll(async () => {
  rig = await startFaultRig();
});
afterAll(() => rig.stop());

const ROUNDS = TEST_SIZE === 'full' ? 1_000 : 60;
const CALLERS = 4;

const markOf = ({ body }: Peer): string => /mark-\d+-\d+/.exec(body)?.[0] ?? 'no mark';

function answerText(mark: string): string {
  const body = JSON.stringify({ mark });
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

const STRAY = answerText('stray');

/** Ways of sending one answer too many, none of them after the next request. */
const STRAYS: readonly (readonly [string, (peer: Peer, own: string) => void])[] = [
  ['in the packet of the answer', ({ socket }, own) => void socket.write(own + STRAY)],
  ['right behind the answer', ({ socket }, own) => void (socket.write(own), socket.write(STRAY))],
  [
    'a turn of the event loop later',
    ({ socket }, own) => void socket.write(own, () => setImmediate(() => socket.write(STRAY))),
  ],
  ['half of it with the answer', ({ socket }, own) => void socket.write(own + STRAY.slice(0, 30))],
  [
    'as an interim answer without an end',
    ({ socket }, own) => void socket.write(`${own}HTTP/1.1 103 Early Hints\r\n\r\n`),
  ],
  ['as bytes that are no answer', ({ socket }, own) => void socket.write(`${own}\r\n\r\ngarbage`)],
  ['in front of the answer', ({ socket }, own) => void socket.write(`HTTP/1.1 102 Processing\r\n\r\n${own}${STRAY}`)],
];

/** One caller's requests, each after the one before; the marks that came back, null for a refusal of the gateway. */
async function callInTurn(url: string, caller: number, rounds: number): Promise<readonly (string | null)[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const marks: (string | null)[] = [];
  try {
    for (let i = 0; i < rounds; i++) {
      const sent = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json' } });
      sent.end(JSON.stringify({ model: 'm', messages: [], user: `mark-${caller}-${i}` }));
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      let text = '';
      for await (const chunk of response) text += String(chunk);
      marks.push(/"mark":"([^"]*)"/.exec(text)?.[1] ?? null);
    }
  } finally {
    agent.destroy();
  }
  return marks;
}

test.each(STRAYS)('a stray answer %s reaches no other request', async (_how, play) => {
  const tenant = await rig.tenant({ request_timeout_ms: 5_000 });
  let connections = rig.upstream.connections;
  rig.upstream.play = { request: (peer) => play(peer, answerText(markOf(peer))) };
  const callers = Array.from({ length: CALLERS }, (_, caller) => caller);
  const seen = await Promise.all(callers.map((caller) => callInTurn(tenant.base + PLACES.plain, caller, ROUNDS)));
  for (const [caller, marks] of seen.entries()) {
    expect(marks.filter((mark, i) => mark !== `mark-${caller}-${i}`)).toEqual([]);
  }
  // each stray ended its connection
  connections = rig.upstream.connections - connections;
  expect(connections).toBeGreaterThan(ROUNDS);
});
