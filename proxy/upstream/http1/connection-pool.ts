/**
 * The kept connections to one origin. A call takes the connection that was used last; without one, another is opened, up
 * to the bound; beyond it, calls wait in order. Before a kept connection is used again one turn of the event loop passes,
 * so that bytes nobody asked for end it before a call could take them for its answer.
 */
import { errors } from 'undici';
import type { TlsTrust } from '../socket-steps.js';
import { Connection, type ConnectionOwner } from './connection.js';
import { Dialler } from './dial.js';
import { PooledCall, type CallHandler, type CallRequest } from './http-call.js';

export interface ConnectionPoolOptions {
  readonly connectionsMax: number;
  /** how long a connection waits for its next call, unless the server says less */
  readonly keepAliveMs: number;
  /** silence in the middle of an answer: then it breaks off */
  readonly answerIdleMs: number;
  readonly connectTimeoutMs: number;
  readonly trust: TlsTrust;
}

/** Silence and idleness are looked at so many times within their limits, and at least once a second. */
const LOOKS_PER_LIMIT = 16;
const TICK_MS_MIN = 10;
const TICK_MS_MAX = 1_000;

export class ConnectionPool implements ConnectionOwner {
  ticks = 0;
  readonly tickMs: number;
  readonly keepAliveMs: number;
  readonly host: string;
  private readonly answerIdleTicks: number;
  private readonly dialler: Dialler;
  private readonly connections = new Set<Connection>();
  /** the one used last stands last */
  private readonly idle: Connection[] = [];
  private waiting: PooledCall[] = [];
  private dialling = 0;
  private running = 0;
  private clock: NodeJS.Timeout | null = null;
  private isTurnAwaited = false;
  private isDestroyed = false;

  constructor(
    origin: string,
    private readonly options: ConnectionPoolOptions,
  ) {
    const url = new URL(origin);
    this.host = url.host;
    this.keepAliveMs = options.keepAliveMs;
    const shortest = Math.min(options.answerIdleMs, options.keepAliveMs);
    this.tickMs = Math.min(Math.max(TICK_MS_MIN, Math.floor(shortest / LOOKS_PER_LIMIT)), TICK_MS_MAX);
    this.answerIdleTicks = Math.ceil(options.answerIdleMs / this.tickMs) + 1;
    this.dialler = new Dialler(url, { timeoutMs: options.connectTimeoutMs, trust: options.trust });
  }

  /** calls that wait or run */
  get size(): number {
    return this.waiting.length + this.running;
  }

  /** Sends a call as soon as there is a connection for it; never throws. */
  send(request: CallRequest, handler: CallHandler): void {
    const call = new PooledCall(request, handler, this.onAbandoned);
    handler.onStart(call);
    if (call.isOver) return;
    if (this.isDestroyed) return call.fail(new errors.ClientDestroyedError());
    this.waiting.push(call);
    this.awaitTurn();
  }

  /** Ends every connection and fails every call. */
  destroy(): void {
    this.isDestroyed = true;
    const error = new errors.ClientDestroyedError();
    for (const connection of this.connections) connection.destroy(error);
    for (const call of this.waiting.splice(0)) call.fail(error);
    this.stopClock();
  }

  onIdle(connection: Connection): void {
    this.running -= 1;
    this.idle.push(connection);
    if (this.waiting.length > 0) this.awaitTurn();
  }

  onGone(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    const at = this.idle.indexOf(connection);
    if (at === -1) this.running -= 1;
    else this.idle.splice(at, 1);
    if (this.connections.size === 0) this.stopClock();
    if (this.waiting.length > 0) this.awaitTurn();
  }

  private readonly onAbandoned = (call: PooledCall): void => {
    const at = this.waiting.indexOf(call);
    if (at !== -1) this.waiting.splice(at, 1);
  };

  /** All that is sent in one turn of the event loop goes out together at its end. */
  private awaitTurn(): void {
    if (this.isTurnAwaited) return;
    this.isTurnAwaited = true;
    setImmediate(this.onTurn);
  }

  private readonly onTurn = (): void => {
    this.isTurnAwaited = false;
    const { waiting, idle } = this;
    let sent = 0;
    for (; sent < waiting.length; sent++) {
      const call = waiting[sent];
      const connection = idle.pop();
      if (call === undefined || connection === undefined) {
        if (connection !== undefined) idle.push(connection);
        break;
      }
      this.run(connection, call);
    }
    // `send` above may have failed its call and so changed the list's end, never its beginning.
    this.waiting = sent === waiting.length ? [] : waiting.slice(sent);
    this.dialMore();
  };

  private run(connection: Connection, call: PooledCall): void {
    this.running += 1;
    connection.send(call);
  }

  private dialMore(): void {
    const { connectionsMax } = this.options;
    while (this.dialling < this.waiting.length && this.connections.size + this.dialling < connectionsMax)
      this.dialOne();
  }

  private dialOne(): void {
    this.dialling += 1;
    const connection = new Connection(this);
    this.dialler.dial(connection, (error, socket) => {
      this.dialling -= 1;
      if (error !== null) return this.onNotDialled(error);
      if (this.isDestroyed) return void socket.destroy();
      connection.open(socket);
      this.connections.add(connection);
      this.startClock();
      const call = this.waiting.shift();
      if (call === undefined) this.idle.push(connection);
      else this.run(connection, call);
      return undefined;
    });
  }

  /** Of the calls that wait for a connection the first has failed; the others have, or get, attempts of their own. */
  private onNotDialled(error: Error): void {
    this.waiting.shift()?.fail(error);
    if (this.waiting.length > 0) this.awaitTurn();
  }

  private startClock(): void {
    this.clock ??= setInterval(this.onTick, this.tickMs).unref();
  }

  private stopClock(): void {
    if (this.clock !== null) clearInterval(this.clock);
    this.clock = null;
  }

  private readonly onTick = (): void => {
    this.ticks += 1;
    for (const connection of this.connections) {
      const silence = this.ticks - connection.readAtTick;
      if (connection.isBusy) {
        if (connection.isWaitingForServer && silence > this.answerIdleTicks)
          connection.destroy(new errors.BodyTimeoutError());
      } else if (silence > connection.keepAliveTicks) connection.destroy(new errors.SocketError('closed'));
    }
  };
}
