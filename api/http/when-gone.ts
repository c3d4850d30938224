/** The end of an answer, however it comes. */
import type { ServerResponse } from 'node:http';

/**
 * Calls `work` once: when the answer is out, or its client has left. A pipelined request's response has no connection
 * before its turn, and hears nothing of that one's end; one whose client left while its body was read has been told
 * already.
 */
export function whenGone(response: ServerResponse, work: () => void): void {
  const { socket } = response.req;
  if (response.closed || socket.destroyed) return work();
  let isGone = false;
  const end = (): void => {
    if (isGone) return; // the one end told the other, which was heard already
    isGone = true;
    response.off('close', end);
    socket.off('close', end);
    work();
  };
  response.on('close', end);
  socket.on('close', end);
}
