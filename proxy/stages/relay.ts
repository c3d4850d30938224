/**
 * Relay: passes the answer on as it comes, with back-pressure both ways, and stops the upstream when the client leaves.
 * A chunk goes out first and is accounted for afterwards. The last bytes are kept back: `finish` sends them, once the
 * usage record is safe, so that no client sees the end of an answer that could still be forgotten.
 */
import { addedSecrets, holdsOwnSecret } from '../credentials/sent-secrets.js';
import type { CopyRoom } from '../cache/copy-room.js';
import type { ClientResponse } from '../client/client-exchange.js';
import { UsageChunkFilter } from '../dialects/usage-chunk-filter.js';
import { NOTHING_USED, type UsageReading } from '../dialects/dialect.js';
import { ofSlowClient, unbilledReading } from '../dialects/usage-reading.js';
import type { GatewayError } from '../gateway-error.js';
import { CONNECTION_IDLE_TIMEOUT_MS, type RequestBounds } from '../request-bounds.js';
import { upstreamError } from '../upstream/upstream-errors.js';
import type { AnswerNotes, Arrival, Forwarded, LookedUp, Relayed, UpstreamCall } from '../exchange.js';
import { bodyHeadersOf, withoutLength } from '../header-list.js';
import { ownHeaders, sendError, writeAnswerHead } from '../own-headers.js';
import { maskingSink } from '../upstream/answer-echoes.js';
import type { AnswerSink, UpstreamAnswer } from '../upstream/upstream-exchange.js';
import type { ProxyStatistics } from '../telemetry/statistics.js';
import { readingOfGivenUp } from '../usage/given-up-call.js';
import { keptOf, type KeptAnswer } from '../usage/kept-answer.js';
import { meter, unmetered, type Meter } from './meter.js';

/** What nginx logs for a client that left before any answer; nobody receives it. */
const CLIENT_LEFT = { statusCode: 499, clientAborted: true };

export interface RelayDeps {
  readonly bounds: RequestBounds;
  readonly statistics: ProxyStatistics;
  readonly copyRoom: CopyRoom;
}

/** What is relayed, where it is noted how far it has come, and what the cache had of it. */
export interface Relaying {
  readonly forwarded: Forwarded;
  readonly notes: AnswerNotes;
  readonly cache: LookedUp | null;
}

/** What was relayed: no promise of a document that has arrived whole, as most have. */
export function relay(
  deps: RelayDeps,
  arrival: Arrival,
  call: UpstreamCall,
  relaying: Relaying,
): Relayed | Promise<Relayed> {
  const { forwarded, notes, cache } = relaying;
  switch (forwarded.kind) {
    case 'answered':
      return new Passage(deps, arrival, call, { forwarded, notes, cache }).start();
    case 'failed': {
      const { error } = forwarded;
      const { status, code } = error.definition;
      const finish = (): void => {
        const headers = ownHeaders(arrival, call.isLog, cache?.status);
        sendError(arrival.response, error, headers, { close: !arrival.request.complete });
      };
      const reading = readingOfGivenUp(call, forwarded);
      return { ...NOTHING_RELAYED, forwarded, statusCode: status, errorCode: code, reading, finish };
    }
    case 'client-left': {
      const reading = readingOfGivenUp(call, forwarded);
      return { ...NOTHING_RELAYED, ...CLIENT_LEFT, forwarded, reading, hit: cache?.hit ?? null };
    }
  }
}

const NOTHING_RELAYED = {
  errorCode: null,
  clientAborted: false,
  interrupted: false,
  streamed: false,
  reading: NOTHING_USED,
  responseContentType: null,
  responseEncoding: null,
  responseBytes: 0,
  firstByteAtMs: null,
  hit: null,
  kept: null,
  finish: () => undefined,
};

interface Report {
  resolve(relayed: Relayed): void;
  reject(error: unknown): void;
}

/**
 * How far a stream has come is noted when it has grown by this since the last note, and not more often than the
 * interval allows: what a killed process owes is then estimated within 5 %, of a stream of half a second or more. A
 * stream of ten seconds has about 80 notes; those of the bench (20 events in 200 ms) cost the same CPU with them as
 * without.
 */
const PROGRESS_GROWTH = 1.05;
const PROGRESS_INTERVAL_MS_MIN = 25;

/** One answer on its way down. */
class Passage implements AnswerSink {
  private readonly forwarded: Extract<Forwarded, { kind: 'answered' }>;
  private readonly notes: AnswerNotes;
  private readonly answer: UpstreamAnswer;
  private readonly response: ClientResponse;
  private readonly meter: Meter;
  private readonly filter: UsageChunkFilter | null;
  private readonly kept: KeptAnswer | null;
  private readonly cache: LookedUp | null;
  private readonly contentType: string | null;
  private readonly contentEncoding: string | null;
  private readonly contentLength: number;
  private readonly isEventStream: boolean;
  /** in events of any kind: Bedrock's frames and Gemini's list of objects are no event streams */
  private readonly isStream: boolean;
  /** documents are kept back chunk by chunk, so that a small one goes out whole in one write */
  private readonly isDocument: boolean;
  private heldBack: Uint8Array | null = null;
  private bytes = 0;
  private firstByteAtMs: number | null = null;
  private notedAtMs: number | null = null;
  private notedBytes = 0;
  private isHeadSent = false;
  private isEnded = false;
  private isReported = false;
  private isFinished = false;
  /** the client reads more slowly than the provider writes: nothing is read from the provider meanwhile */
  private isPaused = false;
  private isClientTooSlow = false;
  private hasClientLeft = false; // the answer may go on for others
  /** who waits for the end; null: nobody yet */
  private report: Report | null = null;
  /** what it came to before anybody waited; null: nothing yet */
  private outcome: Relayed | Promise<Relayed> | null = null;
  private failure: GatewayError | null = null;

  constructor(
    private readonly deps: RelayDeps,
    private readonly arrival: Arrival,
    private readonly call: UpstreamCall,
    { forwarded, notes, cache }: Relaying & { readonly forwarded: Extract<Forwarded, { kind: 'answered' }> },
  ) {
    this.forwarded = forwarded;
    this.notes = notes;
    const { headers, statusCode } = (this.answer = forwarded.answer);
    this.response = arrival.response;
    const said = bodyHeadersOf(headers);
    this.contentType = said.contentType;
    this.contentEncoding = said.contentEncoding;
    this.isEventStream = this.contentType?.startsWith('text/event-stream') === true;
    this.isStream = this.isEventStream || call.facts?.isStreaming === true;
    this.isDocument = !this.isStream && this.contentType?.startsWith('application/json') === true;
    this.contentLength = Number(said.contentLength ?? Number.NaN);
    const { isEventStream, contentEncoding } = this;
    const shape = { statusCode, isEventStream, contentEncoding, headers };
    const hit = (this.cache = cache)?.hit ?? null;
    this.meter = hit === null ? meter(call, shape, deps.statistics) : unmetered(hit.reading.model);
    const isFiltered = hit === null && call.isStreamUsageInjected && this.isEventStream && contentEncoding === null;
    this.filter = isFiltered ? new UsageChunkFilter() : null;
    this.kept = keptOf(call, cache, deps.copyRoom, shape);
  }

  start(): Relayed | Promise<Relayed> {
    this.response.on('close', this.onClose);
    if (this.response.destroyed) this.onClose();
    try {
      if (!this.isReported) this.attach(); // else it left while others waited too, who have left since
    } catch (error) {
      if (this.outcome === null) throw error; // an end that was reported stands, with what was used
    }
    return this.outcome ?? new Promise((resolve, reject) => (this.report = { resolve, reject }));
  }

  private attach(): void {
    this.answer.attach(this.masked());
    if (this.isEventStream && !this.isHeadSent && !this.isReported) {
      this.sendHead();
      this.response.flushHeaders();
    }
  }

  /** This passage; before it, in error answers, what masks a secret that we sent in the client's place. */
  private masked(): AnswerSink {
    if (this.answer.statusCode < 400 || !holdsOwnSecret(this.call)) return this;
    const secrets = addedSecrets(this.call, this.arrival);
    return secrets.length === 0 ? this : maskingSink(this, secrets, this.contentEncoding, () => this.answer.cancel());
  }

  data(chunk: Buffer): boolean {
    if (this.isStream) this.firstByteAtMs ??= Date.now();
    this.bytes += chunk.length;
    const isLast = !this.isReported && this.isLast(chunk);
    const isTaken =
      this.filter === null ? this.pass(chunk, isLast) : this.passFiltered(this.filter.push(chunk), isLast);
    this.meter.push(chunk);
    if (isLast && this.isEventStream) this.reportEnd(true);
    else if (this.isStream && !this.isReported) this.noteProgress();
    return isTaken;
  }

  end(): void {
    this.isEnded = true;
    for (const rest of this.filter?.finish() ?? []) this.pass(rest, false);
    if (this.isReported) {
      if (this.isFinished) this.response.end();
    } else this.reportEnd(true);
  }

  error(cause: unknown): void {
    this.isEnded = true;
    this.failure = upstreamError(cause);
    if (!this.hasClientLeft) this.deps.statistics.brokenAnswers += 1;
    if (!this.isReported) this.reportEnd(false);
    else if (this.isFinished) this.endBroken(); // after the end mark, nothing was missing
  }

  /** Whether the chunk ends the answer: by the announced length, or by the dialect's end mark. */
  private isLast(chunk: Buffer): boolean {
    if (this.bytes === this.contentLength) return true;
    return this.isEventStream && this.contentEncoding === null && this.call.dialect?.endsStream(chunk) === true;
  }

  /** What was seen so far is written down now and then, for the case that this process ends before the stream does. */
  private noteProgress(): void {
    if (this.bytes < this.notedBytes * PROGRESS_GROWTH) return;
    const nowMs = Date.now();
    this.notedAtMs ??= nowMs;
    if (nowMs - this.notedAtMs < PROGRESS_INTERVAL_MS_MIN) return;
    this.notedAtMs = nowMs;
    this.notedBytes = this.bytes;
    const reading = this.meter.soFar();
    if (reading === null) return;
    this.notes.progress(this.relayed(reading, true));
  }

  private passFiltered(chunks: readonly Uint8Array[], isLast: boolean): boolean {
    let isTaken = true;
    for (let i = 0; i < chunks.length; i++) {
      const chunk = chunks[i];
      if (chunk !== undefined) isTaken = this.pass(chunk, isLast && i === chunks.length - 1);
    }
    return isTaken;
  }

  private pass(chunk: Uint8Array, isLast: boolean): boolean {
    this.kept?.push(chunk);
    if (this.isReported && !this.isFinished) {
      // What comes behind the end waits for the record; `finish` lets the provider go on.
      this.heldBack = this.heldBack === null ? chunk : Buffer.concat([this.heldBack, chunk]);
      return this.heldBack.length <= this.deps.bounds.clientBufferBytesMax;
    }
    if (!isLast && !this.isDocument) return this.write(chunk);
    const previous = this.heldBack;
    this.heldBack = chunk;
    return previous === null ? true : this.write(previous);
  }

  private write(chunk: Uint8Array): boolean {
    if (this.response.destroyed) return true;
    if (!this.isHeadSent) this.sendHead();
    return this.response.write(chunk) || this.hasRoom();
  }

  /** Whether the client's socket may hold more; if not, the provider waits for it, and the client's time runs. */
  private hasRoom(): boolean {
    const { bounds, statistics } = this.deps;
    const { response } = this;
    if (response.writableLength <= bounds.clientBufferBytesMax) return true;
    if (this.isPaused) return false;
    this.isPaused = true;
    statistics.upstreamPauses += 1;
    // A socket's time runs anew with every byte that the client takes (`net.Socket` looks at its queue before it
    // tells).
    response.off('timeout', this.onClientSilent).on('timeout', this.onClientSilent);
    response.socket?.setTimeout(bounds.slowClientMs);
    return false;
  }

  private readonly onClientSilent = (): void => {
    this.isClientTooSlow = this.isPaused;
    if (this.isPaused) this.deps.statistics.slowClientsCut += 1;
    this.response.destroy();
  };

  private sendHead(): void {
    this.isHeadSent = true;
    // A write to a client that has just left is reported as 'error'; 'close' follows and is what counts.
    if (!this.isEnded) this.response.on('drain', this.onDrain).on('error', this.onDrain);
    const { headers, statusCode } = this.answer;
    const head = { statusCode, headers: this.filter === null ? headers : withoutLength(headers) };
    writeAnswerHead(this.arrival, this.call, head, this.cache?.status);
  }

  private readonly onDrain = (): void => {
    if (this.isPaused) this.response.socket?.setTimeout(CONNECTION_IDLE_TIMEOUT_MS);
    this.isPaused = false;
    this.answer.resume();
  };

  private readonly onClose = (): void => {
    if (this.isEnded && this.isReported) return;
    this.hasClientLeft = true;
    if (this.answer.goesOn?.() === true) return;
    this.answer.cancel();
    if (!this.isReported) this.reportEnd(false);
  };

  /** Reports the end to the pipeline, once; what was kept back goes out in `finish`. */
  private reportEnd(isComplete: boolean): void {
    this.isReported = true;
    if (!isComplete) this.kept?.release();
    const interrupted = !isComplete && !this.hasClientLeft;
    try {
      const reading = this.meter.finish(isComplete);
      if (reading instanceof Promise) reading.then((read) => this.tell(this.relayed(read, interrupted)), this.fail);
      else this.tell(this.relayed(reading, interrupted));
    } catch (error) {
      // Thrown on, it would end in the client library, and nobody would ever hear of this answer's end.
      this.fail(error);
    }
  }

  private tell(relayed: Relayed): void {
    if (this.report === null) this.outcome = relayed;
    else this.report.resolve(relayed);
  }

  private readonly fail = (error: unknown): void => {
    this.kept?.release();
    if (this.report !== null) this.report.reject(error);
    else this.outcome = Promise.reject(error instanceof Error ? error : new Error('relay failed', { cause: error }));
  };

  private relayed(reading: UsageReading, interrupted: boolean): Relayed {
    // As long as nothing went down, a broken answer is an ordinary failure with a status of its own.
    const failure = interrupted && !this.isHeadSent ? this.failure : null;
    const isPaidByAnother = this.answer.isPaidByAnother === true;
    const paid = isPaidByAnother ? unbilledReading(reading.model) : reading;
    return {
      forwarded: this.forwarded,
      statusCode: failure?.definition.status ?? this.answer.statusCode,
      errorCode: failure?.definition.code ?? null,
      clientAborted: this.hasClientLeft,
      interrupted,
      streamed: this.isEventStream || this.call.facts?.isStreaming === true,
      reading: this.isClientTooSlow ? ofSlowClient(paid) : paid,
      responseContentType: this.contentType,
      responseEncoding: this.contentEncoding,
      responseBytes: this.bytes,
      firstByteAtMs: this.firstByteAtMs,
      hit: isPaidByAnother && failure === null ? { reading } : (this.cache?.hit ?? null),
      kept: this.kept,
      finish: () => (failure !== null ? this.sendFailure(failure) : interrupted ? this.breakOff() : this.finish()),
    };
  }

  private finish(): void {
    this.isFinished = true;
    const { heldBack, response } = this;
    if (response.destroyed) return;
    if (!this.isHeadSent && this.isEnded && heldBack !== null && Number.isNaN(this.contentLength)) {
      // Complete and small: its length is known after all, which spares the client a chunked body.
      this.answer.headers.push('content-length', String(heldBack.length));
    }
    if (!this.isHeadSent) this.sendHead();
    if (!this.isEnded) {
      response.write(heldBack ?? '');
      this.answer.resume();
    } else if (heldBack === null) response.end();
    else response.end(heldBack);
  }

  private sendFailure(failure: GatewayError): void {
    if (this.response.destroyed) return;
    const headers = ownHeaders(this.arrival, this.call.isLog, this.cache?.status);
    sendError(this.response, failure, headers, { close: !this.arrival.request.complete });
  }

  /**
   * The upstream broke off: a stream says so in its own dialect; anything else is cut, so that it cannot look whole.
   */
  private breakOff(): void {
    const { response, heldBack } = this;
    if (response.destroyed) return;
    if (heldBack !== null) this.write(heldBack);
    if (this.isEventStream && this.contentEncoding === null && this.call.dialect !== null) {
      if (!this.isHeadSent) this.sendHead();
      const problem = this.failure?.description ?? 'the provider broke off in the middle of its answer';
      response.write(this.call.dialect.streamErrorEvent(problem));
      this.endBroken();
    } else response.destroy();
  }

  /** Ends what the upstream broke off. A client that was told a length would wait for the rest of it: it is cut. */
  private endBroken(): void {
    const { response } = this;
    const isLengthTold = this.filter === null && this.bytes < this.contentLength;
    if (!isLengthTold) response.end();
    else if (response.socket === null) response.destroy();
    else response.socket.destroySoon(); // what was written still goes out
  }
}
