/**
 * What Node's parser refuses by itself never becomes a request. It gets the same answer as any other refusal, and its
 * connection ends: nobody can say where the next request would begin.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import { errorEnvelope } from '../schema/contracts/error-codes.js';
import { newUuidV7 } from '../schema/contracts/ids.js';
import { endConnectionWith, isEnding } from './connection-end.js';
import { GatewayError } from './gateway-error.js';
import { ownHeaders } from './own-headers.js';

/** @param onRefused counts the refusal */
export function answerMalformed(server: Server, onRefused: (error: GatewayError) => void): void {
  const refuse = (socket: Socket, error: GatewayError): void => {
    onRefused(error);
    endConnectionWith(socket, answerText(error));
  };
  server.on('clientError', (cause: NodeJS.ErrnoException, duplex) => {
    const socket = duplex as Socket; // an http server's connections are sockets
    if (isEnding(socket)) return;
    const description = problemOf(cause.code ?? '');
    if (description === null || !socket.writable) return void socket.destroy();
    const error = new GatewayError('badRequest', description, { cause });
    const pending = pendingResponse(socket);
    if (pending === null) return refuse(socket, error);
    onRefused(error);
    if (pending.req.complete) return endBehind(socket, pending);
    // It is the body of this very request that cannot be read: whoever waits for it sees the connection close.
    if (!pending.headersSent) socket.write(answerText(error), 'latin1');
    return socket.destroySoon();
  });
  server.on(
    'connect',
    (_request, duplex) =>
      refuse(duplex as Socket, new GatewayError('methodNotAllowed', 'method CONNECT is not allowed')), // likewise
  );
}

/** What was wrong, for the client; null for an error of the connection itself, which nobody can be told of. */
function problemOf(code: string): string | null {
  if (code === 'HPE_HEADER_OVERFLOW') return 'the headers are larger than 16 KiB';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'the request did not arrive in time';
  return code.startsWith('HPE_') ? `the request is not HTTP/1.1 (${code})` : null;
}

/** The response that is due next on a connection; Node keeps it in a field that its types do not name. */
function pendingResponse(socket: Socket): ServerResponse | null {
  const { _httpMessage: response } = socket as Socket & { _httpMessage?: ServerResponse | null }; // read, never written
  return response ?? null;
}

/** The fault stands behind a request that is being answered: its answer becomes the connection's last. */
function endBehind(socket: Socket, pending: ServerResponse): void {
  if (pending.headersSent) pending.once('finish', () => socket.destroySoon());
  else pending.shouldKeepAlive = false;
}

function answerText(error: GatewayError): string {
  const { definition, description } = error;
  const body = errorEnvelope(definition, description);
  const id = newUuidV7();
  const headers = ownHeaders({ id, eventId: id }, false);
  headers.push(
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
    'connection',
    'close',
  );
  let text = `HTTP/1.1 ${definition.status} ${STATUS_CODES[definition.status] ?? ''}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`;
  return `${text}\r\n${body}`;
}
