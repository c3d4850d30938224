import { FieldResolver, Resolver, Root } from 'type-graphql';
import { GatewaySettings } from '../../../schema/entities/gateway-settings.js';
import { Authorized } from '../../authorization.js';

@Resolver(() => GatewaySettings)
export class GatewaySettingsResolver {
  /** The egress proxy with its password masked: whoever reads settings need not know it. */
  @FieldResolver(() => String, { nullable: true })
  @Authorized('gateway.read')
  egressProxyUrl(@Root() settings: GatewaySettings): string | null {
    return settings.egressProxyUrl === null ? null : maskPassword(settings.egressProxyUrl);
  }
}

function maskPassword(text: string): string {
  const url = new URL(text);
  if (url.password !== '') url.password = '***';
  return url.toString();
}
