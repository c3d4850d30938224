/**
 * The client, a witness: sends requests at a steady pace to whichever proxy serves, retries nothing, notes each
 * outcome.
 */
import { clientOrderSchema, reply, type ClientOrder } from '../messages.js';
import { CLIENT_NOTES, Notebook, type ClientNote } from '../notes.js';
import { observe } from '../observed-call.js';
import { Random } from '../random.js';
import { planRequest } from '../request-plan.js';

const TICK_MS = 5;
/** Beyond, the client waits: answers take long, and more would only take longer. */
const IN_FLIGHT_MAX = 400;
/** How long a proxy that refused a connection is left alone. */
const DOWN_MS = 200;

type Start = Extract<ClientOrder, { kind: 'start' }>;

class Client {
  private readonly random: Random;
  private readonly notebook: Notebook<ClientNote>;
  private readonly downUntilMs: number[];
  private readonly calls = new Set<Promise<void>>();
  private readonly startedMs = performance.now();
  private readonly ticker: NodeJS.Timeout;
  private number = 0;
  private sent = 0;
  private skipped = 0;
  private poisonLeft = 0;
  private isEnough = false;

  constructor(private readonly order: Start) {
    this.random = new Random(order.seed);
    this.notebook = new Notebook(order.folder, CLIENT_NOTES);
    this.downUntilMs = order.ports.map(() => 0);
    this.ticker = setInterval(() => this.tick(), TICK_MS);
  }

  poison(count: number): void {
    this.poisonLeft += count;
  }

  /** The wanted number is a least number: load goes on until the faults are over. */
  enough(): void {
    this.isEnough = true;
  }

  private tick(): void {
    const nowMs = performance.now();
    const due = ((nowMs - this.startedMs) * this.order.perSecond) / 1000 - this.skipped;
    while (this.number < due) {
      const proxy = this.proxyAt(nowMs);
      if (proxy === null || this.calls.size >= IN_FLIGHT_MAX) {
        this.skipped += due - this.number; // what could not be sent now is not sent in a burst later
        break;
      }
      const call = this.call(proxy).finally(() => this.calls.delete(call));
      this.calls.add(call);
    }
    if (this.isEnough && this.sent >= this.order.requests && this.poisonLeft === 0) void this.end();
  }

  /** In turns; null: none serves. */
  private proxyAt(nowMs: number): number | null {
    const { length } = this.downUntilMs;
    for (let i = 0; i < length; i++) {
      const proxy = (this.number + i) % length;
      if ((this.downUntilMs[proxy] ?? 0) <= nowMs) return proxy;
    }
    return null;
  }

  private async call(proxy: number): Promise<void> {
    const id = `proof-${this.order.seed}-${this.number}`;
    this.number += 1;
    const planned = planRequest(this.random);
    const isPoison = this.poisonLeft > 0 && planned.leavesAfterMs === null;
    if (isPoison) this.poisonLeft -= 1;
    const plan = isPoison ? { ...planned, outcome: 'whole' as const } : planned;
    const { ports, path } = this.order;
    const note = await observe({ id, proxy, plan, isPoison, port: ports[proxy] ?? 0, path });
    this.notebook.note(note);
    if (note.isSent) this.sent += 1;
    else {
      this.downUntilMs[proxy] = performance.now() + DOWN_MS;
      if (isPoison) this.poisonLeft += 1;
    }
  }

  private async end(): Promise<void> {
    clearInterval(this.ticker);
    await Promise.all(this.calls);
    await this.notebook.close();
    reply({ kind: 'done', sent: this.sent });
  }
}

let client: Client | null = null;

function obey(message: unknown): void {
  const order = clientOrderSchema.parse(message);
  switch (order.kind) {
    case 'start':
      client = new Client(order);
      return;
    case 'poison':
      return client?.poison(order.count);
    case 'enough':
      return client?.enough();
  }
}

process.on('message', obey);
process.on('disconnect', () => process.exit(0));
reply({ kind: 'ready' });
