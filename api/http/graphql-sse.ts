/**
 * Subscriptions as server-sent events: a POST of one operation to `/graphql/stream`, answered as graphql-sse's protocol
 * has it in its "distinct connections mode" (events `next` and `complete`). A comment says that the subscription
 * stands.
 */
import type { RequestHandler, Response } from 'express';
import type { ExecutionResult } from 'graphql';
import { STUCK_MS_MAX, whenTaken } from './patient-write.js';
import { whenGone } from './when-gone.js';
import { asGraphqlError, PING_MS, tooManyConnections, type SubscriptionOperations } from './subscription-operations.js';

export function graphqlSse(operations: SubscriptionOperations): RequestHandler {
  return async (request, response) => {
    response.set({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const caller = operations.contexts.callerOf(request);
    const place = operations.connect(() => response.destroy(), caller);
    if (place === null) {
      response.end(nextEvent(operations.formatted({ errors: [asGraphqlError(tooManyConnections)] })) + COMPLETE);
      return;
    }
    const ping = setInterval(() => response.write(':\n\n'), PING_MS);
    try {
      await stream(operations, await operations.begin(request.body, caller, place), response);
    } finally {
      clearInterval(ping);
      place.leave();
    }
  };
}

async function stream(
  operations: SubscriptionOperations,
  results: AsyncIterable<ExecutionResult> | ExecutionResult,
  response: Response,
): Promise<void> {
  if (!(Symbol.asyncIterator in results)) {
    response.end(nextEvent(operations.formatted(results)) + COMPLETE);
    return undefined;
  }
  const iterator = results[Symbol.asyncIterator]();
  whenGone(response, () => void iterator.return?.());
  response.write(': subscribed\n\n');
  try {
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
      const isFull = !response.write(nextEvent(operations.formatted(step.value)));
      if (isFull && !(await whenTaken(response, STUCK_MS_MAX))) operations.counts.stuck++;
      if (response.destroyed) return undefined;
    }
    response.end(COMPLETE);
  } catch (error) {
    response.end(nextEvent(operations.formatted({ errors: [asGraphqlError(error)] })) + COMPLETE);
  } finally {
    await iterator.return?.();
  }
  return undefined;
}

const nextEvent = (result: ExecutionResult | object): string => `event: next\ndata: ${JSON.stringify(result)}\n\n`;
const COMPLETE = 'event: complete\ndata:\n\n';
