/** One answer read as the proxy would read it: its dialect chosen by provider and path, its facts from the request. */
import type { UsageReading } from '../../proxy/dialects/dialect.js';
import { selectDialect } from '../../proxy/dialects/select-dialect.js';
import { noUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';

export interface ReadExchange {
  readonly provider: string;
  readonly path: string;
  readonly request?: unknown;
  /** of the answer, names and values in turn */
  readonly headers?: readonly string[];
  readonly isComplete?: boolean;
}

export const FRAMES = ['content-type', 'application/vnd.amazon.eventstream'] as const;
export const SSE = ['content-type', 'text/event-stream'] as const;

/** `answer`: bytes, text, or what JSON is made of. */
export function readAnswer(exchange: ReadExchange, answer: unknown): UsageReading {
  const { provider, path, request = null, headers = [], isComplete = true } = exchange;
  const { dialect } = selectDialect(provider, 'POST', path);
  if (dialect === null) throw new Error(`nobody reads ${path}`);
  const facts = dialect.readRequest(request, path);
  const isStream = facts.isStreaming || headers === SSE;
  const reader = isStream ? dialect.newStreamReader(facts, headers) : dialect.newDocumentReader(facts, headers);
  reader.push(
    Buffer.isBuffer(answer) ? answer : Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)),
  );
  return reader.finish(isComplete);
}

export const sseText = (...events: readonly unknown[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');

/** All units, those that are not given zero. */
export const unitsOf = (given: Partial<UsageUnits>): UsageUnits => ({ ...noUnits(), ...given });
