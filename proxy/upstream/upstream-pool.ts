/**
 * The connections to one destination, in two kinds. Calls whose body is held, to origins of the operator's table, go by
 * our own client, which costs a third of undici's CPU (docs/decisions/0011); whatever streams its body, or goes to
 * where a tenant said, or through somebody's proxy, goes by undici.
 */
import { Pool, type Dispatcher } from 'undici';
import type { ConnectionPool } from './http1/connection-pool.js';
import type { CallHandler } from './http1/http-call.js';
import { UndiciHandler } from './undici-handler.js';

/** A call as it is sent; of its two bodies one at most is there. */
export interface SentCall {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Buffer | null;
  readonly bodyStream: AsyncIterable<Uint8Array> | null;
}

export class UpstreamPool {
  private pool: Pool | null = null;

  /** @param own null: no call may go by it */
  constructor(
    private readonly origin: string,
    private readonly undiciOptions: Pool.Options,
    private readonly own: ConnectionPool | null,
  ) {}

  /** calls that wait or run */
  get size(): number {
    return (this.own?.size ?? 0) + (this.pool?.stats.size ?? 0);
  }

  /** for errands of the gateway's own */
  get dispatcher(): Dispatcher {
    return (this.pool ??= new Pool(this.origin, this.undiciOptions));
  }

  /** Throws what undici throws of a call that cannot be sent; anything later goes to `handler`. */
  send(call: SentCall, handler: CallHandler): void {
    if (this.own !== null && call.bodyStream === null) return this.own.send(call, handler);
    this.dispatcher.dispatch(
      {
        path: call.path,
        method: call.method,
        headers: [...call.headers],
        body: call.body ?? (call.bodyStream as never), // undici takes async iterables; its types do not say so
        // Whether a call may be sent again is decided by us, not by the pool.
        idempotent: false,
        blocking: false,
      },
      new UndiciHandler(handler),
    );
    return undefined;
  }

  async destroy(): Promise<void> {
    this.own?.destroy();
    await this.pool?.destroy();
  }
}
