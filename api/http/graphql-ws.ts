/**
 * Subscriptions by WebSocket (graphql-ws' protocol) on `/graphql`. A browser's cookie counts only from our own pages: no
 * rule of other origins stands before a WebSocket. Clients that cannot set headers send `authorization` as a parameter of
 * the connection.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express, Request } from 'express';
import type { GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Caller } from '../request-context.js';
import { BODY_BYTES_MAX } from './graphql-guard.js';
import { asGraphqlError, PING_MS, type SubscriptionOperations } from './subscription-operations.js';

interface Connection extends Record<PropertyKey, unknown> {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

/** Answers how upgrades of the api's server are taken, and how to end them all. */
export function graphqlWs(
  app: Express,
  publicOrigin: string,
  operations: SubscriptionOperations,
): { attach(server: Server): void; close(): Promise<void> } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: BODY_BYTES_MAX });
  const callers = new WeakMap<WebSocket, Caller>();
  const handle = useServer<Record<string, unknown>, Connection>(
    {
      schema: operations.schema,
      async onConnect({ extra, connectionParams }) {
        const bearer: unknown = connectionParams?.['authorization'];
        const caller = callerOf(extra.request, typeof bearer === 'string' ? bearer : null);
        callers.set(extra.socket, caller);
        return (await operations.contexts.access(caller)).principal.kind !== 'anonymous';
      },
      async onSubscribe({ extra }, _id, payload) {
        const caller = callers.get(extra.socket);
        if (caller === undefined) throw new Error('a connection without a caller was acknowledged');
        try {
          return await operations.argumentsOf(payload, caller);
        } catch (error) {
          return [asGraphqlError(error)];
        }
      },
      onNext: (_context, _id, _payload, _args, result) => operations.formatted(result),
      onError: (_context, _id, _payload, errors) => operations.formattedErrors(errors as readonly GraphQLError[]), // as thrown
    },
    sockets,
    PING_MS,
  );

  function callerOf(incoming: IncomingMessage, bearer: string | null): Caller {
    const request = asRequest(app, incoming);
    const { origin, host } = incoming.headers;
    const isOurs = origin === undefined || origin === publicOrigin || origin === `http://${host}`;
    if (!isOurs) delete request.headers.cookie;
    return operations.contexts.callerOf(request, bearer);
  }

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (request.url?.split('?')[0] !== '/graphql') return void socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
    const leave = operations.connect(() => socket.destroy());
    if (leave === null) return void socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
    socket.once('close', leave);
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request));
    return undefined;
  };
  return {
    attach: (server) => void server.on('upgrade', upgrade),
    close: () => handle.dispose() as Promise<void>, // what its type says less exactly
  };
}

/** With what Express adds to a request: the address behind trusted proxies. */
function asRequest(app: Express, incoming: IncomingMessage): Request {
  return Object.setPrototypeOf(incoming, app.request) as Request; // what Express itself does to every request
}
