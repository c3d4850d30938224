/**
 * Node's HTTP server and the Express app behind it. They serve what is no plain gateway call (`client/`): health
 * checks, and gateway calls in a rarer form of HTTP/1.1.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import express, { type Express } from 'express';
import { holdContinue } from './expect-continue.js';
import {
  CONNECTION_IDLE_TIMEOUT_MS,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  REQUESTS_PER_CONNECTION_MAX,
  REQUEST_TIMEOUT_MS,
} from './request-bounds.js';

const CONNECTION_CHECK_INTERVAL_MS = 5_000;
const HEADER_BYTES_MAX = 16 * 1024;
/** Node drops those behind without a word: one more than the guard lets in, so that it can tell. */
const HEADERS_READ_MAX = 101;

/** An Express app that says nothing of itself. */
export function createExpressApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('env', 'production'); // Express prints errors with stacks in any other one
  return app;
}

/** Takes a request; false: it is not its affair. */
export type FirstHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** An HTTP server for `app`, to which only those requests come that `first` does not take. */
export function createBoundedServer(app: Express, first: FirstHandler = () => false): Server {
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTION_CHECK_INTERVAL_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      noDelay: true,
      requireHostHeader: false, // the guard requires it, and says so in our envelope
    },
    (request, response) => {
      if (response.socket === null) tellWaitingResponse(request, response);
      closeAfterLast(response);
      if (!first(request, response)) app(request, response);
    },
  );
  server.maxHeadersCount = HEADERS_READ_MAX;
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX;
  server.timeout = CONNECTION_IDLE_TIMEOUT_MS;
  holdContinue(server);
  return server;
}

/**
 * Node tells only the response in front that the client left. Those to requests that were sent behind it (pipelining)
 * have no socket yet, and would wait for their turn, and hold their upstream, for ever.
 */
function tellWaitingResponse(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const onClose = (): void => void response.destroy().emit('close');
  socket.setMaxListeners(0); // one for each that waits, and those are bounded by the requests of a connection
  socket.once('close', onClose);
  response.once('close', () => socket.off('close', onClose));
}

/** Node tells the client that a connection's last answer is the last, and then leaves it to the client to close. */
function closeAfterLast(response: ServerResponse): void {
  // set by Node's server, missing in its types
  const { maxRequestsOnConnectionReached: isLast } = response as { maxRequestsOnConnectionReached?: boolean };
  if (isLast === true) response.shouldKeepAlive = false;
}
