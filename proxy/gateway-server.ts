/** The proxy's listener: gateway calls for the pipeline, health checks for Express, and its end in good order. */
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { EXPLAIN_PATH } from '../schema/contracts/explain-call.js';
import { ClientConnections, type Serve } from './client/client-connections.js';
import type { ClientRequest, ClientResponse } from './client/client-exchange.js';
import { isEnding } from './connection-end.js';
import { answerError } from './error-answers.js';
import type { ExplainEndpoint } from './explain/explain-endpoint.js';
import { answerMalformed } from './malformed-requests.js';
import { serve, type PipelineDeps } from './pipeline.js';
import type { PostgresReach } from './policy-cache/postgres-reach.js';
import { CALL_PREFIX, checkHead } from './request-head.js';
import { createBoundedServer, createExpressApp } from './server.js';

const CLOSE_IDLE_INTERVAL_MS = 100;
/** For an answer that was given up to say so. */
const GIVEN_UP_MS = 1_000;

export interface GatewayServer {
  readonly server: Server;
  readonly connections: ClientConnections;
}

/** What `/readyz` tells. */
export interface Readiness {
  isReady: boolean;
  /** why not */
  why: string;
  readonly reach: PostgresReach;
  /** why this machine's disk takes no usage record; null: it does */
  readonly diskProblem: () => string | null;
}

/**
 * Ready without Postgres: what is known is served. Not on a disk that takes no records: every call is refused here, and
 * another proxy has another disk.
 */
function readiness({ isReady, why, reach, diskProblem }: Readiness): Readonly<Record<string, string>> {
  const reason = isReady ? diskProblem() : why;
  if (reason !== null) return { status: 'not ready', reason };
  return { status: 'ready', ...(reach.isAway && { reason: 'Postgres is away: only what is known is served' }) };
}

/** Whether a target is for the pipeline: told by its prefix alone. What is no path at all is the guard's affair. */
const isGatewayCall = (url: string): boolean => url.startsWith(CALL_PREFIX) || url.charCodeAt(0) !== SLASH;
const SLASH = 47;

/** Whether a request that is not for the pipeline may have its answer; if not, it has had another one. */
function hasFitHead(deps: PipelineDeps, request: ClientRequest, response: ClientResponse): boolean {
  if (isEnding(request.socket)) return false;
  try {
    checkHead(request, deps.loopMark);
    return true;
  } catch (error) {
    answerError(deps, { request, response, arrival: null }, error);
    return false;
  }
}

/** Gateway calls go by the pipeline, whatever way they come in; the rest is Express's. */
export function createGatewayServer(
  deps: PipelineDeps,
  state: Readiness,
  explanations: ExplainEndpoint,
): GatewayServer {
  const app = createExpressApp();
  app.use((request, response, next) => {
    if (hasFitHead(deps, request, response)) next();
  });
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/readyz', (_request, response) => {
    const said = readiness(state);
    response.status(said['status'] === 'ready' ? 200 : 503).json(said);
  });
  app.post(EXPLAIN_PATH, async (request, response, next) => {
    if (!(await explanations.answer(request, response))) next();
  });
  app.use(
    (_request, response) =>
      void response.status(404).json({ error: 'gateway calls begin with /v1/{account}/{gateway}/{provider}' }),
  );
  const take: Serve = (request, response) => {
    deps.statistics.requests += 1;
    void serve(deps, request, response);
  };
  const server = createBoundedServer(app, (request, response) => {
    // by its prefix alone: no route pattern is matched on the request path
    if (!isGatewayCall(request.url ?? '')) return false;
    take(request, response);
    return true;
  });
  answerMalformed(server, ({ definition }) => deps.statistics.refused(definition));
  return { server, connections: new ClientConnections(server, take) };
}

export interface Closing {
  /** for so long it accepts as before, each answer being its connection's last */
  readonly lameDuckMs: number;
  /** then it waits for running requests for so long */
  readonly deadlineMs: number;
  /** ends their calls, whose clients are told so */
  giveUp(): Promise<void>;
}

/** Stops accepting, and waits for running requests. At the deadline they are given up, and what is left then is cut. */
export async function closeServer(
  { server, connections }: GatewayServer,
  { lameDuckMs, deadlineMs, giveUp }: Closing,
): Promise<void> {
  connections.stop();
  if (!server.listening) return connections.close();
  if (lameDuckMs > 0) await delay(lameDuckMs);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const closeIdle = (): void => {
    server.closeIdleConnections();
    connections.closeIdle(Date.now());
  };
  // Behind what has arrived: a process that is late has not read it yet, and closing would reset the client's
  // connection.
  const readThenClose = (): void => void setImmediate(closeIdle);
  readThenClose();
  // A connection whose request has just ended is kept alive for the next one, which shall go to another proxy.
  const idle = setInterval(readThenClose, CLOSE_IDLE_INTERVAL_MS);
  const isOver = await Promise.race([closed.then(() => true), delay(deadlineMs, false, { ref: false })]);
  if (!isOver) {
    await Promise.race([Promise.all([giveUp(), closed]), delay(GIVEN_UP_MS)]);
    server.closeAllConnections();
    connections.close();
  }
  await closed;
  clearInterval(idle);
  connections.close();
}
