import { Arg, Ctx, Query, Resolver } from 'type-graphql';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { ExplainRequestInput } from './explain.inputs.js';
import type { ExplainService } from './explain.service.js';
import { RequestExplanation } from './explain.types.js';

@Resolver()
export class ExplainResolver {
  constructor(private readonly explanations: ExplainService) {}

  /**
   * What would become of a request, without sending it; null: there is no such gateway. Found out by a proxy's own
   * stages; nothing is counted, recorded or called.
   */
  @Query(() => RequestExplanation, { nullable: true })
  @Authorized('request.explain')
  async explainRequest(
    @Arg('input', () => ExplainRequestInput) input: ExplainRequestInput,
    @Ctx() { access }: ApiContext,
  ): Promise<RequestExplanation | null> {
    const scope = await access.scopeOfOrNull('request.explain', 'gateway', input.gatewayId);
    return scope === null ? null : this.explanations.explain(scope, input);
  }
}
