/**
 * The kept connections to one origin. A call takes the connection that was used last; without one, another is opened,
 * up to the bound; beyond it, calls wait in order. Before a kept connection is used again one turn of the event loop
 * passes, in which sockets are read, so that an end of it, or bytes nobody asked for, end it before a call could be on
 * it.
 */
import type { Socket } from 'node:net';
import { closed, fellSilent, outOfPlace, poolDestroyed } from './call-errors.js';
import type { TlsTrust } from '../socket-steps.js';
import { Connection, type ConnectionOwner } from './connection.js';
import { requestHead } from './call-head.js';
import { Dialler } from './dial.js';
import { asError, PooledCall, type CallHandler, type CallRequest } from './http-call.js';

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
  private readonly host: string;
  private readonly answerIdleTicks: number;
  private readonly dialler: Dialler;
  private readonly connections = new Set<Connection>();
  /** the one used last stands last */
  private readonly idle: Connection[] = [];
  private readonly waiting: PooledCall[] = [];
  /** each gives up what is being dialled */
  private readonly dials = new Set<(error: Error) => void>();
  private running = 0;
  private clock: NodeJS.Timeout | null = null;
  private turn = 0;
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

  /** Sends a call as soon as there is a connection for it. Throws only what `onStart` throws. */
  send(request: CallRequest, handler: CallHandler): void {
    const call = new PooledCall(request, handler, this.onAbandoned);
    handler.onStart(call);
    if (call.isOver) return;
    if (this.isDestroyed) return call.fail(poolDestroyed());
    try {
      call.head = requestHead(request, this.host);
    } catch (error) {
      return call.fail(asError(error));
    }
    this.waiting.push(call);
    return this.awaitTurn();
  }

  /** Ends every connection and fails every call. */
  destroy(): void {
    this.isDestroyed = true;
    const error = poolDestroyed();
    for (const connection of this.connections) connection.destroy(error);
    for (const giveUp of this.dials) giveUp(error);
    for (const call of this.waiting.splice(0)) call.fail(error);
    this.stopClock();
  }

  onIdle(connection: Connection): void {
    this.running -= 1;
    this.keep(connection);
    this.awaitTurn();
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

  private keep(connection: Connection): void {
    connection.idleTurn = this.turn;
    this.idle.push(connection);
  }

  /** All that is sent in one turn of the event loop goes out together at its end. */
  private awaitTurn(): void {
    if (this.isTurnAwaited) return;
    this.isTurnAwaited = true;
    setImmediate(this.onTurn);
  }

  private readonly onTurn = (): void => {
    this.isTurnAwaited = false;
    const { waiting } = this;
    while (waiting.length > 0) {
      const connection = this.takeIdle();
      const call = connection === undefined ? undefined : waiting.shift();
      if (connection === undefined || call === undefined) break;
      this.run(connection, call);
    }
    this.turn += 1;
    if (waiting.length === 0) return;
    if (this.idle.length > 0) this.awaitTurn();
    this.dialMore();
  };

  /** The one used last of those whose sockets have been read since their answer. The others stand behind them. */
  private takeIdle(): Connection | undefined {
    const { idle, turn } = this;
    let at = idle.length - 1;
    while (at >= 0 && idle[at]?.idleTurn === turn) at -= 1;
    return at === idle.length - 1 ? idle.pop() : at === -1 ? undefined : idle.splice(at, 1)[0];
  }

  private run(connection: Connection, call: PooledCall): void {
    this.running += 1;
    connection.send(call);
  }

  /** A connection for each call that waits, as far as none will be free in the next turn. */
  private dialMore(): void {
    const { connectionsMax } = this.options;
    const { waiting, idle, dials, connections } = this;
    while (dials.size < waiting.length - idle.length && connections.size + dials.size < connectionsMax) this.dialOne();
  }

  private dialOne(): void {
    const connection = new Connection(this);
    try {
      const giveUp = this.dialler.dial(connection, {
        onOpened: (socket) => {
          this.dials.delete(giveUp);
          this.onDialled(connection, socket);
        },
        onFailed: (error) => {
          this.dials.delete(giveUp);
          this.onNotDialled(error);
        },
      });
      this.dials.add(giveUp);
    } catch (error) {
      this.onNotDialled(asError(error));
    }
  }

  private onDialled(connection: Connection, socket: Socket): void {
    if (!connection.isUsable) {
      socket.destroy();
      return this.onNotDialled(outOfPlace()); // it spoke before anyone was there
    }
    connection.open(socket);
    this.connections.add(connection);
    this.startClock();
    const call = this.waiting.shift();
    if (call === undefined) return this.keep(connection);
    return this.run(connection, call);
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
        if (connection.isWaitingForServer && silence > this.answerIdleTicks) connection.destroy(fellSilent());
      } else if (silence > connection.keepAliveTicks) connection.destroy(closed());
    }
  };
}
