/**
 * What three witnesses, compared, say of the ledger: the client's notes, the provider's notes and the ledger's own
 * rows. What makes a row is the table of the product: whatever reached a provider, and whatever the proxy answered with
 * the id of a log. A request has one row, or one place in quarantine when the proof made its record one that no row can
 * hold.
 */
import { z } from 'zod';
import { DELTA_TOKENS } from './chat-answers.js';
import type { LedgerRow } from './ledger-rows.js';
import { countAll } from './witness-counts.js';
import type { ClientNote, ReportedUsage, UpstreamNote } from './notes.js';

export const FINDINGS = [
  'lost',
  'duplicated',
  'phantom',
  'calledAgain',
  'wrongAmount',
  'unexplainedEstimate',
  'wronglyQuarantined',
] as const;
export type Finding = (typeof FINDINGS)[number];

const findingSchema = z.object({ count: z.int(), examples: z.array(z.string()) });
const comparisonSchema = z.object({
  findings: z.record(z.enum(FINDINGS), findingSchema),
  /** what there was to compare */
  counts: z.record(z.string(), z.int()),
});
export type Comparison = z.infer<typeof comparisonSchema>;

export const verdictSchema = comparisonSchema.extend({
  spools: z.record(z.enum(['spools', 'open', 'unshipped', 'missing', 'doubled', 'untold']), z.int()),
});
export type Verdict = z.infer<typeof verdictSchema>;

/** Pico-USD for one token. */
export interface Rates {
  readonly inputTokens: bigint;
  readonly cachedInputTokens: bigint;
  readonly outputTokens: bigint;
}

export interface Witnesses {
  readonly client: readonly ClientNote[];
  readonly upstream: readonly UpstreamNote[];
  readonly rows: readonly LedgerRow[];
  /** event ids; null: of a record that cannot be read */
  readonly quarantine: readonly (string | null)[];
  readonly rates: Rates;
}

const EXAMPLES_MAX = 5;

export function compare(witnesses: Witnesses): Comparison {
  return new Comparing(witnesses).result();
}

class Comparing {
  private readonly findings: Record<Finding, { count: number; examples: string[] }>;
  private readonly rowsOf: Map<string, LedgerRow[]>;
  private readonly quarantined: Map<string, number>;
  private readonly upstreamOf = new Map<string, UpstreamNote>();
  private readonly callsOf = new Map<string, number>();

  constructor(private readonly witnesses: Witnesses) {
    const none = (): { count: number; examples: string[] } => ({ count: 0, examples: [] });
    this.findings = {
      lost: none(),
      duplicated: none(),
      phantom: none(),
      calledAgain: none(),
      wrongAmount: none(),
      unexplainedEstimate: none(),
      wronglyQuarantined: none(),
    };
    this.rowsOf = new Map();
    for (const row of witnesses.rows) {
      const rows = this.rowsOf.get(row.eventId);
      if (rows === undefined) this.rowsOf.set(row.eventId, [row]);
      else rows.push(row);
    }
    for (const note of witnesses.upstream) {
      this.upstreamOf.set(note.id, note);
      this.callsOf.set(note.id, (this.callsOf.get(note.id) ?? 0) + 1);
    }
    this.quarantined = new Map();
    for (const id of witnesses.quarantine) {
      if (id === null) this.find('phantom', 'a record in quarantine that cannot be read');
      else this.quarantined.set(id, (this.quarantined.get(id) ?? 0) + 1);
    }
  }

  result(): Comparison {
    for (const note of this.witnesses.client) this.judge(note);
    const known = new Set(this.witnesses.client.map(({ id }) => id));
    for (const id of [...this.rowsOf.keys(), ...this.quarantined.keys()]) {
      if (!known.has(id)) this.find('phantom', `${id}: the client sent no such request`);
    }
    return { findings: this.findings, counts: this.counts() };
  }

  private judge(note: ClientNote): void {
    const { id } = note;
    const rows = this.rowsOf.get(id) ?? [];
    const quarantined = this.quarantined.get(id) ?? 0;
    const upstream = this.upstreamOf.get(id);
    const entries = rows.length + quarantined;
    const isOwed = upstream !== undefined || note.logId !== null;
    if (entries === 0 && isOwed) this.find('lost', `${id}: ${told(note)}, ${reached(upstream)}`);
    if (entries > 1)
      this.find('duplicated', `${id}: ${rows.map((row) => row.id).join(', ')}, ${quarantined} in quarantine`);
    const isRefused = note.internalCode !== null && note.logId === null;
    if (entries > 0 && (!note.isSent || (isRefused && upstream === undefined))) {
      this.find('phantom', `${id}: ${told(note)}`);
    }
    const [only] = rows.length === 1 ? rows : [];
    if (only !== undefined && note.requestId !== null && note.requestId !== only.id) {
      this.find('phantom', `${id}: row ${only.id}, where the client was told ${note.requestId}`);
    }
    if (quarantined > 0 && !note.isPoison) this.find('wronglyQuarantined', id);
    for (const row of rows) this.judgeRow(note, upstream, row);
  }

  private judgeRow(note: ClientNote, upstream: UpstreamNote | undefined, row: LedgerRow): void {
    const calls = this.callsOf.get(note.id) ?? 0;
    // What was open when its proxy was killed may have been sent, and tells of no attempt yet.
    if (calls > Math.max(1, row.attempts))
      this.find('calledAgain', `${note.id}: ${calls} calls, ${row.attempts} attempts`);
    const problem = amountProblem(note, upstream?.reported ?? null, row) ?? this.costProblem(row);
    if (problem !== null) this.find('wrongAmount', `${row.eventId} (row ${row.id}): ${problem}; ${told(note)}`);
    if (row.usageSource !== 'ESTIMATED') return;
    const wasTold = isAnswered(note) && upstream?.reported !== null && upstream?.reported !== undefined;
    if (wasTold) this.find('unexplainedEstimate', `${row.eventId}: the client saw all of it (${row.usageNote})`);
    else if (row.usageNote === null) this.find('unexplainedEstimate', `${row.eventId}: without a note`);
  }

  private costProblem(row: LedgerRow): string | null {
    const { rates } = this.witnesses;
    const cost =
      row.inputTokens * rates.inputTokens +
      row.cachedInputTokens * rates.cachedInputTokens +
      row.outputTokens * rates.outputTokens;
    const expectedStatus =
      row.usageSource === 'PROVIDER' ? 'PRICED' : row.usageSource === 'NONE' ? 'NOT_BILLABLE' : 'ESTIMATED';
    if (row.costStatus !== expectedStatus) return `${row.usageSource} units are ${row.costStatus}`;
    return row.costPico === cost ? null : `costs ${row.costPico} pico-USD, where its units cost ${cost}`;
  }

  private find(finding: Finding, example: string): void {
    const found = this.findings[finding];
    found.count += 1;
    if (found.examples.length < EXAMPLES_MAX) found.examples.push(example);
  }

  private counts(): Record<string, number> {
    const { client, upstream, rows, quarantine } = this.witnesses;
    return countAll({ client, upstream, rows, quarantine, cutStreamErrors: this.cutStreamErrors() });
  }

  /** How far the output of streams that a fault cut is estimated from what the provider had sent of it, in percent. */
  private cutStreamErrors(): number[] {
    return this.witnesses.client.flatMap((note) => {
      const upstream = this.upstreamOf.get(note.id);
      if (upstream === undefined || !upstream.isCut || note.hasLeft || upstream.deltasSent === 0) return [];
      const estimated = (this.rowsOf.get(note.id) ?? []).filter(({ usageSource }) => usageSource === 'ESTIMATED');
      const sent = upstream.deltasSent * DELTA_TOKENS;
      return estimated.map(({ outputTokens }) => Math.round((Math.abs(Number(outputTokens) - sent) * 100) / sent));
    });
  }
}

const isAnswered = (note: ClientNote): boolean => note.isWhole && note.status === 200;

/** What is wrong with the units, or null. `reported`: what the provider put on the wire. */
function amountProblem(note: ClientNote, reported: ReportedUsage | null, row: LedgerRow): string | null {
  if (note.isWhole && note.status !== row.status) return `the row has status ${row.status}`;
  if (note.isWhole && note.usage !== null && !isSame(note.usage, reported)) return 'client and provider disagree';
  switch (row.usageSource) {
    case 'PROVIDER':
      if (reported === null) return 'the provider reported nothing';
      return isSame(reported, unitsOf(row)) ? null : `${textOf(unitsOf(row))}, where ${textOf(reported)} was reported`;
    case 'NONE':
      return isAnswered(note) && reported !== null ? 'no units, where the provider reported some' : null;
    default:
      return null;
  }
}

const unitsOf = (row: LedgerRow): ReportedUsage => ({
  prompt: Number(row.inputTokens + row.cachedInputTokens),
  cached: Number(row.cachedInputTokens),
  completion: Number(row.outputTokens),
});

const isSame = (a: ReportedUsage, b: ReportedUsage | null): boolean => b !== null && textOf(a) === textOf(b);
const textOf = ({ prompt, cached, completion }: ReportedUsage): string => `${prompt}/${cached}/${completion}`;

const told = ({ status, isWhole, error, hasLeft, internalCode }: ClientNote): string =>
  `the client saw ${status ?? 'no head'}${internalCode === null ? '' : ` (${internalCode})`}, ` +
  `${isWhole ? 'whole' : hasLeft ? 'and left' : `broken off${error === null ? '' : ` (${error})`}`}`;

const reached = (note: UpstreamNote | undefined): string =>
  note === undefined ? 'it did not reach the provider' : `the provider sent ${note.deltasSent} deltas`;

/** Whether everything that must be zero is. Open spools are none: their owner may have had no time to close them. */
export function isClean({ findings, spools }: Verdict): boolean {
  const { unshipped, missing, doubled, untold } = spools;
  return FINDINGS.every((finding) => findings[finding].count === 0) && unshipped + missing + doubled + untold === 0;
}
