/** The gateway of the first minute, in the first account. */
import { IsNull } from 'typeorm';
import { Gateway } from '../schema/entities/gateway.js';
import { Instance } from '../schema/entities/instance.js';
import type { AccountId } from '../schema/contracts/ids.js';
import type { GatewayService } from './modules/gateway/index.js';
import { instanceScope } from './access.js';
import { ApiError } from './errors.js';
import type { Database } from './tenancy/database.js';

const NAME = 'demo';

/**
 * Makes the gateway `demo` in the instance's first account unless that has, or had, a gateway: a start that was
 * interrupted is made up for, and a gateway that somebody deleted stays away, as one of a deleted account does.
 */
export async function createDemoGateway(database: Database, gateways: GatewayService): Promise<void> {
  const accountId = await firstAccountId(database);
  if (accountId === null) return;
  const scope = instanceScope('gateway.create', accountId);
  if (await database.inAccount(scope, async (tx) => (await tx.findOne(Gateway, {})) !== null)) return;
  const description = 'Calls the demo provider: nothing leaves this machine.';
  await gateways.create(scope, { accountId, name: NAME, description }).catch((error: unknown) => {
    // Another api was faster, or the account has been deleted.
    if (!(error instanceof ApiError && ['CONFLICT', 'NOT_FOUND'].includes(error.code))) throw error;
  });
}

/** Whether the instance's first account has it. */
export async function hasDemoGateway(database: Database): Promise<boolean> {
  const accountId = await firstAccountId(database);
  if (accountId === null) return false;
  const demo = await database.inAccount(instanceScope('gateway.create', accountId), (tx) =>
    tx.findOne(Gateway, { name: NAME, deletedAt: IsNull() }),
  );
  return demo !== null;
}

async function firstAccountId(database: Database): Promise<AccountId | null> {
  const [instance] = await database.inLookup({}, (tx) => tx.manager.find(Instance));
  return instance?.firstAccountId ?? null;
}
