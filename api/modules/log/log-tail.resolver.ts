import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { GatewayId } from '../../../schema/contracts/ids.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { parseInput } from '../../input.js';
import type { Edge } from '../../paging/connection.js';
import type { LogTail } from './log-tail.js';
import { LogFilter, logFilterSchema } from './log.inputs.js';
import { LogConnection, type Log } from './log.types.js';

interface Arguments {
  readonly gatewayId: string;
  readonly filter?: LogFilter | null;
  readonly after?: string | null;
}

@Resolver()
export class LogTailResolver {
  constructor(private readonly tail: LogTail) {}

  /** Every log that appears, once; `after` is the cursor of the last one that was seen. */
  @Subscription(() => LogConnection.edgeType, {
    subscribe: async ({ args, context }: { args: Arguments; context: ApiContext }) => {
      const resolver = context.resolvers.get(LogTailResolver);
      if (!(resolver instanceof LogTailResolver)) throw new Error('this api has no live tail');
      return resolver.follow(args, context);
    },
  })
  @Authorized('log.read')
  logs(
    @Root() edge: Edge<Log>,
    @Arg('gatewayId', () => ID) _gatewayId: string,
    @Arg('filter', () => LogFilter, { nullable: true }) _filter?: LogFilter | null,
    @Arg('after', () => String, { nullable: true }) _after?: string | null,
  ): Edge<Log> {
    return edge;
  }

  /** Looks at the caller before it begins, and again and again while it goes on. */
  private follow({ gatewayId, filter, after }: Arguments, { again }: ApiContext): Promise<AsyncIterable<Edge<Log>>> {
    return this.tail.follow({
      gatewayId: gatewayId as GatewayId, // `scope` looks it up
      filter: parseInput(logFilterSchema, filter ?? {}, 'filter'),
      after: after ?? null,
      scope: async () => (await again()).scopeOf('log.read', 'gateway', gatewayId),
    });
  }
}
