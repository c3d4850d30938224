/**
 * The answers of Node's server. At a stop the last one of each connection says that it is the last: a client that was
 * told nothing would send its next request while the connection is being closed.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export class NodeAnswers {
  private isStopping = false;
  /** the answer to each connection's latest request, until it is over */
  private readonly latest = new Map<Socket, ServerResponse>();

  constructor(server: Server) {
    // in front of who answers, which may be done at once
    server.prependListener('request', ({ socket }, response) => this.onRequest(socket, response));
  }

  /** From now on every answer is its connection's last, but for those behind which another request has begun. */
  stop(): void {
    this.isStopping = true;
    for (const response of this.latest.values()) response.shouldKeepAlive = false;
  }

  private onRequest(socket: Socket, response: ServerResponse): void {
    const before = this.latest.get(socket);
    this.latest.set(socket, response);
    response.once('close', () => {
      if (this.latest.get(socket) === response) this.latest.delete(socket);
    });
    if (!this.isStopping) return;
    if (before !== undefined) before.shouldKeepAlive = true; // Node would close behind it, whatever has begun
    response.shouldKeepAlive = false;
  }
}
