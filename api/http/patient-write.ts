/** Waiting for clients to take what is written to them: each as long as it takes something now and then. */
import type { ServerResponse } from 'node:http';

/** How long a client on which nothing can be written is kept. */
export const STUCK_MS_MAX = 30_000;

/** Resolves when more may be written or the client has left; false: it took nothing for so long, and was cut. */
export function whenTaken(response: ServerResponse, stuckMsMax: number): Promise<boolean> {
  return until(response, 'drain', stuckMsMax);
}

/** Ends the answer, and resolves as `whenTaken` does once all of it is on its way. */
export function whenEnded(response: ServerResponse, stuckMsMax: number): Promise<boolean> {
  const ended = until(response, 'finish', stuckMsMax);
  if (!response.destroyed) response.end();
  return ended;
}

function until(response: ServerResponse, event: 'drain' | 'finish', stuckMsMax: number): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (isTaken: boolean): void => {
      clearTimeout(stuck);
      response.off(event, onTaken).off('close', onTaken);
      resolve(isTaken);
    };
    const onTaken = (): void => settle(true);
    const stuck = setTimeout(() => {
      settle(false);
      response.destroy();
    }, stuckMsMax);
    response.once(event, onTaken).once('close', onTaken);
  });
}
