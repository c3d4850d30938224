/**
 * All connections of clients that carry plain requests: takes them in, ends those that wait too long, and all at a
 * stop.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { HEADERS_TIMEOUT_MS, KEEP_ALIVE_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from '../request-bounds.js';
import { ClientConnection, type ConnectionOwner, type Phase } from './client-connection.js';
import type { ClientRequest, ClientResponse } from './client-exchange.js';
import { NodeAnswers } from './node-answers.js';

const SWEEP_INTERVAL_MS = 1_000;
/** Whether anything passes is looked at less often: it may be silent for minutes. */
const WATCH_INTERVAL_MS = 30_000;
/** Whether a connection waits too long for what its client owes; an answer is not the client's to give. */
const WAIT_MS_MAX: Readonly<Record<Phase, number>> = {
  head: HEADERS_TIMEOUT_MS,
  body: REQUEST_TIMEOUT_MS,
  answer: Infinity,
  next: KEEP_ALIVE_TIMEOUT_MS,
};

/**
 * At a stop the first request may still arrive on a connection that was made so long ago: a client may be late, too.
 */
const ON_ITS_WAY_MS = 2_000;

/** Serves a request; never throws. */
export type Serve = (request: ClientRequest, response: ClientResponse) => void;

export class ClientConnections implements ConnectionOwner {
  isStopping = false;
  /** connections that became Node's, because a request on them was not plain */
  handedOver = 0;
  private readonly connections = new Set<ClientConnection>();
  private readonly timer: NodeJS.Timeout;
  private watchedAtMs = -Infinity;
  private readonly nodeListeners: readonly ((socket: Socket) => void)[];
  private readonly nodeAnswers: NodeAnswers;

  /** Takes the place of `server`'s own reading of connections; those that are not plain get it back. */
  constructor(
    private readonly server: Server,
    readonly serve: Serve,
  ) {
    // what Node's HTTP server does with a connection: public, as an event that anybody may send it
    this.nodeListeners = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    this.nodeAnswers = new NodeAnswers(server);
    server.on('connection', (accepted: Socket) => void this.connections.add(new ClientConnection(accepted, this)));
    this.timer = setInterval(() => this.sweep(Date.now()), SWEEP_INTERVAL_MS).unref();
  }

  get size(): number {
    return this.connections.size;
  }

  handOver(connection: ClientConnection, bytes: Buffer): void {
    const { socket } = connection;
    this.handedOver += 1;
    this.connections.delete(connection);
    for (const listener of this.nodeListeners) listener.call(this.server, socket);
    socket.unshift(bytes);
  }

  refuse({ socket }: ClientConnection, code: string): void {
    this.server.emit('clientError', Object.assign(new Error('no plain request'), { code }), socket);
  }

  onGone(connection: ClientConnection): void {
    this.connections.delete(connection);
  }

  /** From now on every answer is its connection's last, whoever serves it. */
  stop(): void {
    this.isStopping = true;
    this.nodeAnswers.stop();
  }

  /** Closes those without a request, but for new ones, whose first may be on its way at `nowMs` (Unix ms). */
  closeIdle(nowMs: number): void {
    for (const connection of this.connections) {
      const isOnItsWay = connection.isNew && connection.waitedMs(nowMs) < ON_ITS_WAY_MS;
      if (connection.isIdle && !isOnItsWay) connection.socket.destroy();
    }
  }

  /** Cuts what is left. */
  close(): void {
    clearInterval(this.timer);
    for (const { socket } of this.connections) socket.destroy();
  }

  /** Ends what has waited too long at `nowMs` (Unix ms); looked at every second. */
  sweep(nowMs: number): void {
    const isWatching = nowMs - this.watchedAtMs >= WATCH_INTERVAL_MS;
    if (isWatching) this.watchedAtMs = nowMs;
    for (const connection of this.connections) {
      if (connection.waitedMs(nowMs) > WAIT_MS_MAX[connection.phase]) connection.expire();
      if (isWatching) connection.watchSilence(nowMs);
    }
  }
}
