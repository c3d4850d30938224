/** What every resolver of one request is given. */
import type { Access } from './access.js';
import type { Loaders } from './loaders.js';

/** How a resolver hands a session to a browser. */
export interface SessionCookie {
  set(token: string, expiresAt: Date): void;
  clear(): void;
}

export interface ApiContext {
  readonly access: Access;
  readonly loaders: Loaders;
  readonly cookie: SessionCookie;
  readonly client: ClientAddress;
  readonly requestId: string;
  /** Looks at the caller again: an operation that goes on must end when he may not see it any more. */
  readonly again: () => Promise<Access>;
  /** What whom a session signs in may do, from where this request came. */
  readonly accessBy: (sessionToken: string) => Promise<Access>;
  /** resolver instances of this api, by class */
  readonly resolvers: ReadonlyMap<unknown, object>;
}

export interface ClientAddress {
  readonly ip: string | null;
  readonly userAgent: string | null;
}
