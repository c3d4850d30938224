/** One GET through the proxy's connection pools, without the proxy around them. */
import { upstreamError } from '../../proxy/upstream/upstream-errors.js';
import type { Destination } from '../../proxy/upstream/destination.js';
import type { Dispatchers } from '../../proxy/upstream/dispatchers.js';
import type { AccountId } from '../../schema/contracts/ids.js';

export const ACCOUNT = '0192f0c1-2345-7000-8000-000000000001' as AccountId;

/** An origin of the operator's table. */
export const builtIn = (origin: string, egress: string | null = null): Destination => ({
  origin,
  accountId: null,
  callerId: ACCOUNT,
  egress: egress === null ? null : { url: new URL(egress), key: egress, accountId: ACCOUNT },
});

/** An origin that a tenant named. */
export const custom = (origin: string, egress: string | null = null): Destination => ({
  ...builtIn(origin, egress),
  accountId: ACCOUNT,
});

export interface Outcome {
  readonly status: number;
  /** of the gateway's own answer; null: the upstream answered */
  readonly description: string | null;
}

/** What a client would get; never rejects. */
export async function call(dispatchers: Dispatchers, destination: Destination): Promise<Outcome> {
  try {
    const answer = await dispatchers.of(destination).request({ path: '/', method: 'GET' });
    await answer.body.dump();
    return { status: answer.statusCode, description: null };
  } catch (error) {
    const { definition, description } = upstreamError(error);
    return { status: definition.status, description };
  }
}
