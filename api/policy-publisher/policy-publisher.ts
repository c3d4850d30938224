/**
 * Tells the proxies of a change, after its commit: the fresh document goes to Redis, then a message names what changed.
 * Redis is a shortcut, never a condition: when it fails the change stands, and the proxies' poll of the outbox finds
 * it.
 */
import type { Redis } from 'ioredis';
import type { Logger } from '../../platform/logger.js';
import { GATEWAY_POLICY_SQL } from '../../schema/contracts/gateway-policy.js';
import type { AccountId } from '../../schema/contracts/ids.js';
import {
  POLICY_CHANNEL,
  POLICY_TTL_SECONDS,
  policyKey,
  SET_IF_NEWER_LUA,
  tokenGrantKey,
  type PolicyChange,
} from '../../schema/contracts/redis-keys.js';
import { TOKEN_GRANT_SQL } from '../../schema/contracts/token-grant.js';
import type { Database } from '../tenancy/database.js';

type RedisCommands = Pick<Redis, 'eval' | 'publish'>;
/**
 * Changes of one transaction that are published; of more (an account of many gateways) the proxies' poll finds the
 * rest.
 */
const PUBLISHED_MAX = 200;
interface Document {
  readonly revision: number;
}

export class PolicyPublisher {
  constructor(
    private readonly database: Database,
    private readonly redis: RedisCommands,
    private readonly logger: Logger,
  ) {}

  /** Never throws: a failure is logged, and bounded by the proxies' poll. */
  async publish(change: PolicyChange): Promise<void> {
    await this.isPublished(change);
  }

  /**
   * As `publish`, one after the other, the first 200, up to one that fails: a Redis that does not answer would hold up
   * whoever made the change for each of them. The others are found by the poll within a second.
   */
  async publishAll(changes: readonly PolicyChange[]): Promise<void> {
    for (const change of changes.slice(0, PUBLISHED_MAX)) if (!(await this.isPublished(change))) return;
  }

  private async isPublished(change: PolicyChange): Promise<boolean> {
    try {
      if (change.kind === 'gateway') await this.storePolicy(change.accountId as AccountId, change); // made by us
      if (change.kind === 'token') await this.storeGrant(change);
      await this.redis.publish(POLICY_CHANNEL, JSON.stringify(change));
      return true;
    } catch (error) {
      this.logger.warn({ err: error, change }, 'a policy change was not announced; proxies find it by their poll');
      return false;
    }
  }

  private async storePolicy(accountId: AccountId, change: PolicyChange & { kind: 'gateway' }): Promise<void> {
    const document = await this.read({ 'app.account': accountId }, GATEWAY_POLICY_SQL, [accountId, change.gatewayName]);
    await this.store(policyKey(accountId, change.gatewayName), document, change.revision);
  }

  private async storeGrant(change: PolicyChange & { kind: 'token' }): Promise<void> {
    const document = await this.read({ 'app.token_hash': change.tokenHash }, TOKEN_GRANT_SQL, [change.tokenHash]);
    await this.store(tokenGrantKey(change.tokenHash), document, change.revision);
  }

  private async read(
    settings: Parameters<Database['inLookup']>[0],
    sql: string,
    parameters: readonly string[],
  ): Promise<Document | null> {
    const rows = await this.database.inLookup(settings, (tx) => tx.query<{ document: Document }>(sql, parameters));
    return rows[0]?.document ?? null;
  }

  private async store(key: string, document: Document | null, changeRevision: number): Promise<void> {
    const revision = String(document?.revision ?? changeRevision);
    await this.redis.eval(SET_IF_NEWER_LUA, 1, key, revision, JSON.stringify(document), POLICY_TTL_SECONDS);
  }
}
