import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { GatewayVersion } from '../../../schema/entities/gateway-version.js';
import { ConfigChange } from '../../config-change.js';
import { connectionOf } from '../../paging/connection.js';

@InputType()
export class RollbackGatewayInput {
  @Field(() => ID) id: string;
  /** whose description and settings the new version has */
  @Field(() => Int) version: number;
  @Field(() => Int, { nullable: true }) ifVersion?: number | null;
}

/** What a gateway was at one version. */
@ObjectType('GatewayVersion')
export class VersionNode extends GatewayVersion {
  /** since the version before; null: that one is not kept, or there was none */
  @Field(() => [ConfigChange], { nullable: true }) changes: ConfigChange[] | null;
}

@ObjectType('GatewayVersionConnection')
export class VersionConnection extends connectionOf('GatewayVersion', () => VersionNode) {}
