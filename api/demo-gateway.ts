/** The gateway of the first minute, in the first account. */
import { Instance } from '../schema/entities/instance.js';
import type { GatewayService } from './modules/gateway/index.js';
import { instanceScope } from './access.js';
import type { Database } from './tenancy/database.js';

/** Makes the gateway `demo` in the instance's first account. */
export async function createDemoGateway(database: Database, gateways: GatewayService): Promise<void> {
  const [instance] = await database.inLookup({}, (tx) => tx.manager.find(Instance));
  if (instance === undefined) throw new Error('there is no first account yet');
  const { firstAccountId } = instance;
  await gateways.create(instanceScope('gateway.create', firstAccountId), {
    accountId: firstAccountId,
    name: 'demo',
    description: 'Calls the demo provider: nothing leaves this machine.',
  });
}
