/** From a request to the context of its resolvers: who calls, from where, with what. */
import { isIP } from 'node:net';
import type { Request, Response } from 'express';
import { newUuidV7 } from '../schema/contracts/ids.js';
import { Access } from './access.js';
import type { ApiContext, SessionCookie } from './context.js';
import { readSessionCookie, sessionCookie } from './http/session-cookie.js';
import { whenGone } from './http/when-gone.js';
import { createLoaders } from './loaders.js';
import type { BodyRoom } from './modules/log/index.js';
import type { Services } from './services.js';

/** What the wiring gives. */
export interface ContextDeps {
  readonly services: Services;
  readonly resolvers: ApiContext['resolvers'];
  readonly isHttps: boolean;
}

/** A credential and where it came from. */
export interface Caller {
  /** the bearer token or the session cookie; null: none was sent */
  readonly credential: string | null;
  /** it is the cookie: a browser added it by itself */
  readonly isByCookie: boolean;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

export class RequestContexts {
  constructor(private readonly deps: ContextDeps) {}

  /** The caller of a request; `bearer` stands for the header where a client cannot set one; null: it was not sent. */
  callerOf(request: Request, bearer: string | null = null): Caller {
    const credential = bearer === null ? credentialOf(request, this.deps.isHttps) : bearerToken(bearer);
    return {
      credential,
      isByCookie: credential !== null && bearer === null && request.get('authorization') === undefined,
      ip: addressOf(request),
      userAgent: request.get('user-agent') ?? null,
    };
  }

  /** What the caller may do now. */
  async access({ credential, ip }: Caller): Promise<Access> {
    const { authenticator, database } = this.deps.services;
    return new Access(database, await authenticator.authenticate(credential, ip), ip);
  }

  async ofRequest(request: Request, response: Response): Promise<ApiContext> {
    const requestId = newUuidV7();
    response.set('x-request-id', requestId);
    const cookie = sessionCookie(response, this.deps.isHttps);
    return this.of(this.callerOf(request), { requestId, cookie, room: this.roomFor(response) });
  }

  /** Room for the bodies of logs that the answer will hold, until it is out. */
  roomFor(response: Response): BodyRoom {
    const room = this.deps.services.bodyRooms.open();
    whenGone(response, () => room.close());
    return room;
  }

  /** The context of an operation that goes on: `again` looks at the caller anew, and lets go of what was loaded. */
  async ofSubscription(caller: Caller): Promise<ApiContext> {
    return this.of(caller, { requestId: newUuidV7(), cookie: NO_COOKIE, room: UNSHARED });
  }

  private async of(caller: Caller, { requestId, cookie, room }: Answering): Promise<ApiContext> {
    const { services, resolvers } = this.deps;
    const { ip, userAgent } = caller;
    const context = {
      access: await this.access(caller),
      loaders: createLoaders(services.queries, room),
      cookie,
      client: { ip, userAgent },
      requestId,
      resolvers,
      again: async (): Promise<Access> => {
        context.access = await this.access(caller);
        context.loaders = createLoaders(services.queries, room);
        return context.access;
      },
      accessBy: (sessionToken: string): Promise<Access> => this.access({ ...caller, credential: sessionToken }),
    };
    return context;
  }
}

/** What belongs to one answer. */
interface Answering {
  readonly requestId: string;
  readonly cookie: SessionCookie;
  readonly room: BodyRoom;
}

/** A message carries one log, whose bodies are gone with it. */
const UNSHARED: BodyRoom = { take: () => undefined, close: () => undefined };

/** Nothing that answers by messages can set one. */
const NO_COOKIE: SessionCookie = { set: () => undefined, clear: () => undefined };

/** null for what is no address: a trusted proxy passes on whatever it was sent. */
function addressOf({ ip = '' }: Request): string | null {
  return isIP(ip) === 0 || ip.includes('%') ? null : ip;
}

/** The bearer token if there is an Authorization header (a bad one is not rescued by a cookie), else the cookie. */
function credentialOf(request: Request, https: boolean): string | null {
  const header = request.get('authorization');
  return header === undefined ? readSessionCookie(request, https) : bearerToken(header);
}

const bearerToken = (header: string): string | null => /^Bearer +(\S{1,512})$/i.exec(header)?.[1] ?? null;
