import type { Redis } from 'ioredis';

/** What a script is called with. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly values: readonly Buffer[];
}

/**
 * A Redis that knows scripts and nothing else but what is given: `answer` says what one returns; what it throws
 * rejects.
 */
export function redisOfScripts(answer: (call: ScriptCall) => unknown, others: object = {}): Redis {
  const sendCommand = (command: SentCommand): void => {
    const answering = new Promise((resolve) => resolve(answer(scriptCall(command))));
    answering.then(
      (reply) => command.resolve(reply),
      (error: unknown) => command.reject(error),
    );
  };
  return { sendCommand, ...others } as unknown as Redis; // nothing else of it is asked
}

/** What is asked of a command of ours here. */
interface SentCommand {
  toWritable(): Buffer;
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

function scriptCall(command: SentCommand): ScriptCall {
  const [, , count, ...parameters] = bulkStrings(command.toWritable());
  const keys = Number(String(count));
  return { keys: parameters.slice(0, keys).map(String), values: parameters.slice(keys) };
}

/** What an array of bulk strings has in it. */
function bulkStrings(written: Buffer): Buffer[] {
  let at = 0;
  const number = (): number => {
    const end = written.indexOf('\r\n', at);
    const told = Number(written.toString('latin1', at + 1, end)); // behind the kind
    at = end + 2;
    return told;
  };
  const strings = Array.from({ length: number() }, () => {
    const bytes = number();
    at += bytes + 2;
    return written.subarray(at - bytes - 2, at - 2);
  });
  if (at !== written.length) throw new Error('the command does not end where it says');
  return strings;
}
