/**
 * The TypeORM data source: an explicit list of entities, snake_case names, and never a synchronisation (the migrations
 * alone make tables). Not in the list, on purpose: `policy_outbox` (its `xid8` column is beyond TypeORM; only SQL
 * touches it) and `schema_migration` (the migration runner's own).
 */
import 'reflect-metadata';
import pg from 'pg';
import { AbstractLogger, DataSource, DefaultNamingStrategy } from 'typeorm';
import { AccountKey } from './entities/account-key.js';
import { Account } from './entities/account.js';
import { ApiToken } from './entities/api-token.js';
import { AuditEvent } from './entities/audit-event.js';
import { CustomProvider } from './entities/custom-provider.js';
import { GatewaySettings } from './entities/gateway-settings.js';
import { GatewayVersion } from './entities/gateway-version.js';
import { Gateway } from './entities/gateway.js';
import { Instance } from './entities/instance.js';
import { Invitation } from './entities/invitation.js';
import { LogBody } from './entities/log-body.js';
import { Membership } from './entities/membership.js';
import { ModelPriceRecord } from './entities/model-price.js';
import { PasswordReset } from './entities/password-reset.js';
import { PriceOverride } from './entities/price-override.js';
import { PriceList } from './entities/price-list.js';
import { ProviderKey } from './entities/provider-key.js';
import { SessionRecord } from './entities/session.js';
import { UsageRecordRow } from './entities/usage-record.js';
import { UserIdentity } from './entities/user-identity.js';
import { User } from './entities/user.js';

export const ENTITIES = [
  Account,
  AccountKey,
  ApiToken,
  AuditEvent,
  CustomProvider,
  Gateway,
  GatewaySettings,
  GatewayVersion,
  Instance,
  Invitation,
  LogBody,
  Membership,
  ModelPriceRecord,
  PasswordReset,
  PriceList,
  PriceOverride,
  ProviderKey,
  SessionRecord,
  UsageRecordRow,
  User,
  UserIdentity,
];

class SnakeCaseNaming extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string): string {
    return customName !== '' && customName !== undefined ? customName : snakeCase(propertyName);
  }
}

/** `cacheWrite1hTokens` → `cache_write_1h_tokens` */
const snakeCase = (name: string): string => name.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`);

export interface DataSourceOptions {
  readonly url: string;
  readonly applicationName: string;
  /** the class of its connections: one whose loss ends no process */
  readonly connection: typeof pg.Client;
  readonly connectionsMax: number;
  /** also of a wait for one of `connectionsMax` */
  readonly connectTimeoutMs?: number;
  /** client-side limit of one query: above every server-side statement timeout, for a server that does not answer */
  readonly queryTimeoutMs: number;
  /** errors of idle connections; the pool replaces them */
  readonly onError: (error: Error) => void;
  /** called with every statement before it is sent; tests count them */
  readonly onQuery?: (sql: string) => void;
}

/** Reports statements, and nothing else. */
class QueryReporter extends AbstractLogger {
  constructor(private readonly report: (sql: string) => void) {
    super(['query']);
  }

  override logQuery(sql: string): void {
    this.report(sql);
  }

  protected writeLog(): void {}
}

/** A data source that is not yet connected (`initialize()`). */
export function createDataSource(options: DataSourceOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: options.url,
    applicationName: options.applicationName,
    entities: ENTITIES,
    namingStrategy: new SnakeCaseNaming(),
    synchronize: false,
    migrationsRun: false,
    logging: options.onQuery !== undefined,
    ...(options.onQuery === undefined ? {} : { logger: new QueryReporter(options.onQuery) }),
    installExtensions: false,
    poolErrorHandler: options.onError,
    extra: {
      Client: options.connection,
      max: options.connectionsMax,
      query_timeout: options.queryTimeoutMs,
      connectionTimeoutMillis: options.connectTimeoutMs ?? 3_000,
    },
  });
}

/** The pool of a connected data source, for what is asked of the connection itself. */
export function poolOf(dataSource: DataSource): pg.Pool {
  const pool: unknown = Reflect.get(dataSource.driver, 'master');
  if (pool instanceof pg.Pool) return pool;
  throw new Error('the data source is not connected');
}
