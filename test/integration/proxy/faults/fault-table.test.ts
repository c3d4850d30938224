/** docs/upstream-faults.md, row by row: what the client gets, what is recorded, and that nothing is left behind. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  HASTY_BOUNDS,
  observe,
  outcomeOf,
  PLACES,
  startFaultRig,
  type FaultRig,
  type Observation,
} from '../../../support/fault-rig.js';
import { watchCallTimers } from '../../../support/call-timers.js';
import { waitForSockets, type FaultyUpstream } from '../../../support/faulty-upstream.js';
import { CHAT } from '../../../support/rig.js';
import { goodBody, UPSTREAM_FAULTS, wellDone, type Fault } from '../../../support/upstream-faults.js';
import { usageRecords, type UsageRow } from '../../../support/usage-records.js';
import { waitFor } from '../../../support/wait-for.js';

interface Row {
  readonly name: string;
  readonly document: string;
  readonly stream: string;
  /** of the document and of the stream */
  readonly usage: readonly [string, string];
}

const ROWS: readonly Row[] = [
  ...readFileSync('docs/upstream-faults.md', 'utf8').matchAll(/^\| ([^|]+) \| (\d[^|]+) \| (\d[^|]+) \| ([^|]+) \|$/gm),
].map((cells) => {
  const [name = '', document = '', stream = '', usage = ''] = cells.slice(1).map((cell) => cell.trim());
  const [ofDocument = '', ofStream = ofDocument] = usage.split(' / ');
  return { name, document, stream, usage: [ofDocument, ofStream] };
});

let rig: FaultRig;
/** for faults that a time limit ends */
let hasty: FaultRig;
const rejections: unknown[] = [];
const onRejection = (reason: unknown): void => void rejections.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', onRejection);
  [rig, hasty] = await Promise.all([startFaultRig(), startFaultRig(HASTY_BOUNDS)]);
});
afterAll(async () => {
  await Promise.all([rig.stop(), hasty.stop()]);
  process.off('unhandledRejection', onRejection);
});

const CHATS = { document: CHAT, stream: { ...CHAT, stream: true, stream_options: { include_usage: true } } };

interface Seen {
  readonly outcome: string;
  readonly row: UsageRow;
}

/** The call on a connection that has served another one before, and an ordinary call behind it. */
async function callThrough(rig: FaultRig, fault: Fault, kind: 'document' | 'stream'): Promise<Seen> {
  const { upstream } = rig;
  const tenant = await rig.tenant();
  const url = tenant.base + PLACES[fault.at ?? 'plain'];
  const callWell = () => callWellAt(upstream, tenant.base + PLACES.plain);
  await callWell();
  const timers = watchCallTimers();

  upstream.play = fault;
  if (fault.isAway === true || fault.connect !== undefined) await upstream.goAway();
  if (fault.connect !== undefined) await upstream.comeBack(); // with no connection kept from before
  const requestsBefore = upstream.requests;
  const seen = await observe(url, CHATS[kind], fault.isUnanswered === true ? { 'cf-aig-request-timeout': '500' } : {});
  const peer = upstream.requests > requestsBefore ? upstream.lastPeer : null;
  if (fault.isAway === true) await upstream.comeBack();
  const meant = peer?.meant ?? Buffer.from(goodBody({ isStream: kind === 'stream' }));

  if (fault.isLate === true) await waitFor(() => peer?.socket.destroyed, 'the connection has ended');
  await callWell();
  await waitForSockets(upstream, 1); // the one that the next call will use
  await timers.noneLeft();
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 3);
  expect(rows).toHaveLength(3);
  return { outcome: outcomeOf(seen, meant), row: rows[1] ?? {} };
}

async function callWellAt(upstream: FaultyUpstream, url: string): Promise<void> {
  upstream.play = wellDone;
  const seen: Observation = await observe(url, CHATS.document);
  expect(outcomeOf(seen, Buffer.from(goodBody({ isStream: false })))).toBe('200, whole');
}

const USAGE: Readonly<Record<string, string>> = { PROVIDER: 'reported', ESTIMATED: 'estimated', NONE: 'none' };

/** What the record of an outcome has to say, told from the outcome alone. */
function expectedRecord(outcome: string): Record<string, unknown> {
  const status = Number(outcome.slice(0, 3));
  const isOwn = outcome.startsWith(`${status}: `);
  const isBroken = outcome.includes('cut') || outcome.includes('error event');
  const record = { status_code: status, error_code: isOwn ? 2005 : null, client_aborted: false };
  return isOwn ? record : { ...record, interrupted: isBroken };
}

test.each(ROWS.flatMap((row) => [[row.name, 'document', row] as const, [row.name, 'stream', row] as const]))(
  'a provider that %s: a %s',
  async (name, kind, row) => {
    const fault = UPSTREAM_FAULTS[name];
    if (fault === undefined) throw new Error(`no such fault: ${name}`);
    const seen = await callThrough(row.document.startsWith('504: ') ? hasty : rig, fault, kind);
    const usage = USAGE[String(seen.row['usage_source'])];
    expect({ outcome: seen.outcome, usage }).toEqual({
      outcome: row[kind],
      usage: row.usage[kind === 'stream' ? 1 : 0],
    });
    expect(seen.row).toMatchObject(expectedRecord(row[kind]));
  },
);

test('every fault is documented, and none besides', () => {
  expect(ROWS.map((row) => row.name)).toEqual(Object.keys(UPSTREAM_FAULTS));
});

test('no promise was rejected with nobody to hear it', () => {
  expect(rejections).toEqual([]);
});
