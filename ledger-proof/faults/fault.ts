/** What faults are made with. */
import type { ProxyProcess } from '../proxy-process.js';
import type { Random } from '../random.js';
import type { PostgresServer, RedisServer } from '../stores.js';
import type { SpoolDisk } from '../spool-disk.js';

export interface FaultTools {
  readonly random: Random;
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly proxies: readonly ProxyProcess[];
  /** null: the spools have no disk of their own */
  readonly spoolDisk: SpoolDisk | null;
  streamsInTheMiddle(proxy: number): Promise<number>;
  /** the client's next requests are to have records that no row can hold */
  sendPoison(count: number): void;
}
