/**
 * Subscriptions by WebSocket (graphql-ws' protocol) on `/graphql`. A browser's cookie counts only from our own pages:
 * no rule of other origins stands before a WebSocket. Clients that cannot set headers send `authorization` as a
 * parameter of the connection.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express, Request } from 'express';
import type { ExecutionArgs, GraphQLError } from 'graphql';
import type { Context, ServerOptions } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Caller } from '../request-context.js';
import { BODY_BYTES_MAX } from './graphql-guard.js';
import { isOwnOrigin } from './own-origin.js';
import type { SubscriberPlace } from './subscriber-places.js';
import { asGraphqlError, PING_MS, tooManyConnections, type SubscriptionOperations } from './subscription-operations.js';

/** How long a connection may be without a subscription, and how often that is looked at. */
const IDLE_MS_MAX = 30_000;
const IDLE_LOOKS = 6;
/** The code and the reason with which it is closed then. */
const IDLE_CLOSE = [4410, 'No subscription'] as const;
/** Those of a caller who has too many connections: clients of the protocol try again later. */
const FULL_CLOSE = [4503, tooManyConnections.message] as const;

interface Connection extends Record<PropertyKey, unknown> {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}
type WsContext = Context<Record<string, unknown>, Connection>;

/** Takes the upgrades of the api's server. */
export class GraphqlWs {
  private readonly sockets = new WebSocketServer({ noServer: true, maxPayload: BODY_BYTES_MAX });
  private readonly places = new WeakMap<WebSocket, SubscriberPlace>();
  private readonly callers = new WeakMap<WebSocket, Caller>();
  /** when each was last seen with a subscription, or asked for one */
  private readonly busyMs = new WeakMap<WebSocket, number>();
  private readonly handle: ReturnType<typeof useServer>;

  constructor(
    private readonly app: Express,
    private readonly publicOrigin: string,
    private readonly operations: SubscriptionOperations,
    private readonly idleMsMax: number = IDLE_MS_MAX,
  ) {
    const options: ServerOptions<Record<string, unknown>, Connection> = {
      schema: operations.schema,
      onConnect: (context) => this.connected(context),
      onSubscribe: ({ extra }, _id, payload) => this.argumentsOf(extra, payload),
      onNext: (...[, , , , result]) => operations.formatted(result),
      onError: (_context, _id, _payload, errors) => operations.formattedErrors(errors),
    };
    // in production or not: otherwise a connection would be closed with the error's own words
    this.handle = useServer({ ...options, isProd: true }, this.sockets, PING_MS);
  }

  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.upgrade(request, socket, head);
    });
  }

  async close(): Promise<void> {
    await this.handle.dispose();
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node took its own listener away: without one, a client that resets the connection would end the process.
    socket.on('error', () => socket.destroy());
    if (request.url?.split('?')[0] !== '/graphql') return refuse(socket, '404 Not Found');
    const place = this.operations.connect(() => socket.destroy(), this.callerOf(request, null));
    if (place === null) return refuse(socket, '503 Service Unavailable');
    socket.once('close', () => place.leave());
    this.sockets.handleUpgrade(request, socket, head, (opened) => {
      this.places.set(opened, place);
      this.sockets.emit('connection', opened, request);
    });
    return undefined;
  }

  /** Whether the caller is known. */
  private async connected(context: WsContext): Promise<boolean> {
    const { socket, request } = context.extra;
    const authorization = context.connectionParams?.['authorization'];
    const bearer = typeof authorization === 'string' ? authorization : ''; // '' is a bad one
    const caller = this.callerOf(request, authorization === undefined ? null : bearer);
    this.callers.set(socket, caller);
    const { principal } = await this.operations.contexts.access(caller);
    if (principal.kind === 'anonymous') return false;
    if (this.places.get(socket)?.isFor(principal) !== true) {
      socket.close(...FULL_CLOSE);
      return false;
    }
    if (socket.readyState === socket.OPEN) this.closeWhenIdle(context);
    return true;
  }

  /** It holds one of a bounded number of places. Who never says who he is, graphql-ws closes after 3 s. */
  private closeWhenIdle(context: WsContext): void {
    const { socket } = context.extra;
    this.busyMs.set(socket, performance.now());
    const look = setInterval(() => {
      const nowMs = performance.now();
      if (Object.keys(context.subscriptions).length > 0) this.busyMs.set(socket, nowMs);
      if (nowMs - (this.busyMs.get(socket) ?? nowMs) < this.idleMsMax) return;
      clearInterval(look);
      this.operations.counts.idle++;
      socket.close(...IDLE_CLOSE);
    }, this.idleMsMax / IDLE_LOOKS);
    socket.once('close', () => clearInterval(look));
  }

  private async argumentsOf({ socket }: Connection, operation: unknown): Promise<ExecutionArgs | GraphQLError[]> {
    this.busyMs.set(socket, performance.now());
    const caller = this.callers.get(socket);
    if (caller === undefined) throw new Error('a connection without a caller was acknowledged');
    try {
      return await this.operations.argumentsOf(operation, caller);
    } catch (error) {
      return [asGraphqlError(error)];
    }
  }

  private callerOf(incoming: IncomingMessage, bearer: string | null): Caller {
    const request = asRequest(this.app, incoming);
    if (!isOwnOrigin(incoming.headers, this.publicOrigin)) delete request.headers.cookie;
    return this.operations.contexts.callerOf(request, bearer);
  }
}

/** Answers, and closes both directions: a client that keeps its own open would hold the socket for ever. */
function refuse(socket: Duplex, status: string): void {
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
}

/** With what Express adds to a request: the address behind trusted proxies. */
function asRequest(app: Express, incoming: IncomingMessage): Request {
  return Object.setPrototypeOf(incoming, app.request) as Request; // what Express itself does to every request
}
