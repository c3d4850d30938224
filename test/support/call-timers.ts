/**
 * Timers that calls leave behind, and time limits of attempts, of which many share a timer. What else runs in the
 * process of a test has timers too, which come and go with its pools and its rounds: only those are looked at that the
 * proxy's request path starts.
 */
import { createHook } from 'node:async_hooks';
import { jest } from '@jest/globals';
import { Deadlines, type Deadline } from '../../proxy/attempts/deadlines.js';
import { waitFor } from './wait-for.js';

/** The proxy's folders whose timers belong to rounds of their own and to no call. */
const ROUNDS = ['ledger/', 'policy-cache/'];
/** Its timers belong to no call either: what is left in it is told by the limits themselves. */
const LIMITS = 'attempts/deadlines';
const PROXY = new URL('../../proxy/', import.meta.url).href;

export interface CallTimers {
  /**
   * Resolves when none that was started since holds the process any more; otherwise throws the files that started them.
   * Throws too when none was started: then nothing has been looked at.
   */
  noneLeft(): Promise<void>;
}

/** Watches from now on until `noneLeft` has settled. */
export function watchCallTimers(): CallTimers {
  const timers = new Map<number, { readonly timer: NodeJS.Timeout; readonly file: string }>();
  let started = 0;
  const hook = createHook({
    init(id, type, _trigger, resource) {
      const file = type === 'Timeout' ? starterOf() : null;
      if (file === null) return;
      started += 1;
      timers.set(id, { timer: resource as NodeJS.Timeout, file });
    },
    destroy: (id) => void timers.delete(id),
  }).enable();
  const limits = jest.spyOn(Deadlines.prototype, 'set');
  const running = (): Deadline[] =>
    limits.mock.results.map(({ value }) => value as Deadline).filter(({ isOver }) => !isOver);
  return {
    async noneLeft() {
      const held = (): string[] => [
        ...[...timers.values()].filter(({ timer }) => timer.hasRef()).map(({ file }) => file),
        ...running().map(() => LIMITS),
      ];
      try {
        await waitFor(() => held().length === 0, 'no timer of a call is left');
      } catch (error) {
        throw new Error(`Timers are left of ${held().join(', ')}`, { cause: error });
      } finally {
        hook.disable();
        started += limits.mock.calls.length;
        limits.mockRestore();
      }
      if (started === 0) throw new Error('No call has started a timer');
    },
  };
}

/**
 * The file of the request path that starts the timer being made, by its name within proxy/; null when something else
 * does.
 */
function starterOf(): string | null {
  const file = callers().find((name) => !name.startsWith('node:') && name !== import.meta.url);
  if (file?.startsWith(PROXY) !== true) return null;
  const within = file.slice(PROXY.length);
  return [...ROUNDS, LIMITS].some((place) => within.startsWith(place)) ? null : within;
}

/** The files on the stack, the innermost first, as they run and not as source maps name them. */
function callers(): string[] {
  const { prepareStackTrace } = Error;
  try {
    Error.prepareStackTrace = (_error, sites) => sites.map((site) => site.getFileName() ?? 'node:');
    return new Error().stack as unknown as string[];
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}
