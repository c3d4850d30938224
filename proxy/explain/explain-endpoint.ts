/**
 * Where the api asks for explanations. Whoever does not hold the tiers' shared secret is answered as on any path that
 * there is not, before a byte of his body is read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../platform/logger.js';
import { EXPLAIN_BYTES_MAX, hasDigest, signedDigest } from '../../schema/contracts/explain-call.js';
import { describedRequestSchema, type DescribedRequest, type Explanation } from '../../schema/contracts/explanation.js';

/** At a time: each may read a cached answer of many megabytes. At the bound: 503. */
const RUNNING_MAX = 4;

export interface ExplainEndpointDeps {
  /** under which the api signs */
  readonly key: Buffer;
  explain(described: DescribedRequest): Promise<Explanation>;
  readonly log: Logger;
}

export class ExplainEndpoint {
  /** questions turned away because as many as may be were being answered */
  turnedAway = 0;
  private running = 0;

  constructor(private readonly deps: ExplainEndpointDeps) {}

  /** False: the call is not the api's, and nothing was done with it. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const digest = signedDigest(this.deps.key, request.headers.authorization, Date.now());
    if (digest === null) return false;
    if (this.running >= RUNNING_MAX) {
      this.turnedAway += 1;
      send(response, 503, { error: 'too many requests are being explained' });
      return true;
    }
    this.running += 1;
    try {
      const described = await readSigned(request, digest);
      if (described === null) send(response, 400, { error: 'this is no description of a request' });
      else send(response, 200, await this.deps.explain(described));
    } catch (error) {
      this.deps.log.error({ err: error }, 'a request could not be explained');
      send(response, 500, { error: 'an internal error' });
    } finally {
      this.running -= 1;
    }
    return true;
  }
}

async function readSigned(request: IncomingMessage, digest: string): Promise<DescribedRequest | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // what an HTTP request's stream gives, without an encoding set
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > EXPLAIN_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  return hasDigest(body, digest) ? (describedRequestSchema.safeParse(jsonOf(body)).data ?? null) : null;
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

function send(response: ServerResponse, status: number, document: unknown): void {
  const body = JSON.stringify(document);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
