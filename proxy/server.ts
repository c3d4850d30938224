/**
 * The proxy's HTTP server: Express, kept shape-stable.
 *
 * Express calls `Object.setPrototypeOf(req, app.request)` on every request, which gives every request and response
 * another hidden class and slows all later property access (three times fewer requests a second, measured on Node 20).
 * Here the server *creates* requests and responses whose prototypes already are `app.request` and `app.response`, so
 * that call changes nothing. `test/unit/proxy/server.test.ts` keeps it so.
 */
import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import express, { type Express } from 'express';
import { holdContinue } from './expect-continue.js';
import { HeldRequest } from './held-request.js';
import { CONNECTION_IDLE_TIMEOUT_MS, KEEP_ALIVE_TIMEOUT_MS, REQUESTS_PER_CONNECTION_MAX } from './limits.js';

const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 300_000;
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

/**
 * An HTTP server for `app` whose requests and responses are born with the app's prototypes. What `first` takes does not
 * come to the app: its router alone was a fiftieth of a request.
 */
export function createShapedServer(app: Express, first: FirstHandler = () => false): Server {
  class ShapedRequest extends HeldRequest {}
  class ShapedResponse<Request extends IncomingMessage> extends ServerResponse<Request> {}
  adopt(ShapedRequest.prototype, express.request, app);
  adopt(ShapedResponse.prototype, express.response, app);
  Object.assign(app, { request: ShapedRequest.prototype, response: ShapedResponse.prototype });

  const server = createServer(
    {
      IncomingMessage: ShapedRequest,
      ServerResponse: ShapedResponse,
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

/** Defines Express's members on a real subclass: plain prototype objects given to the constructor do not help. */
function adopt(prototype: object, expressMembers: object, app: Express): void {
  Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(expressMembers));
  Object.defineProperty(prototype, 'app', { configurable: true, enumerable: true, writable: true, value: app });
}
