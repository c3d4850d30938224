import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { assertRates, DeletedLogs, DeleteLogsInput, RateLogInput } from './log-changes.inputs.js';
import type { LogService } from './log.service.js';
import { ratingRight } from './rating-right.js';
import { Log } from './log.types.js';

@Resolver()
export class LogChangesResolver {
  constructor(private readonly logs: LogService) {}

  /** A token that may use the gateway and not edit it rates the logs that it made itself. */
  @Mutation(() => Log)
  @Authorized('log.rate')
  async rateLog(@Arg('input', () => RateLogInput) input: RateLogInput, @Ctx() { access }: ApiContext): Promise<Log> {
    assertRates(input);
    const { action, madeBy } = ratingRight(access.principal);
    return this.logs.rate(await access.scopeOf(action, 'gatewayOfLogs', input.gatewayId), input, madeBy);
  }

  @Mutation(() => DeletedLogs)
  @Authorized('log.delete')
  async deleteLogs(
    @Arg('input', () => DeleteLogsInput) input: DeleteLogsInput,
    @Ctx() { access }: ApiContext,
  ): Promise<DeletedLogs> {
    return this.logs.delete(await access.scopeOf('log.delete', 'gatewayOfLogs', input.gatewayId), input);
  }
}
