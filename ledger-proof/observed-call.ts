/** One request of the client's, seen to whatever end it comes to. */
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { errorCode, errorMessage } from '../platform/error-code.js';
import { STREAM_END, usageIn } from './chat-answers.js';
import type { ClientNote } from './notes.js';
import { POISON, requestBody, type RequestPlan } from './request-plan.js';

export interface PlannedCall {
  readonly id: string;
  readonly proxy: number;
  readonly port: number;
  readonly path: string;
  readonly plan: RequestPlan;
  readonly isPoison: boolean;
}

/** Far beyond any pause of a proxy: an answer that has not come then never will. */
const TIMEOUT_MS = 60_000;
/** No connection could be made. One that was closed while it lay idle counts as sent: what came of it is not known. */
const UNSENT = ['ECONNREFUSED', 'EADDRNOTAVAIL'];
const INTERNAL_CODE = /"internalCode":(\d+)/;

const agent = new Agent({ keepAlive: true });

/** Never rejects: a failure is an outcome too. */
export function observe(planned: PlannedCall): Promise<ClientNote> {
  return new Promise((resolve) => {
    const body = requestBody(planned.id, planned.proxy, planned.plan);
    const sent = request({
      agent,
      host: '127.0.0.1',
      port: planned.port,
      path: planned.path,
      method: 'POST',
      headers: headersOf(planned, body),
      timeout: TIMEOUT_MS,
    });
    new Observation(planned, sent, resolve);
    sent.end(body);
  });
}

function headersOf({ id, isPoison }: PlannedCall, body: string): Record<string, string | number> {
  return {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    authorization: 'Bearer sk-proof',
    'cf-aig-event-id': id,
    ...(isPoison ? { 'cf-aig-metadata': JSON.stringify({ [POISON.key]: POISON.value }) } : {}),
  };
}

class Observation {
  private response: IncomingMessage | null = null;
  private text = '';
  private error: string | null = null;
  private hasLeft = false;
  private isNoted = false;
  private readonly timer: NodeJS.Timeout | null;

  constructor(
    private readonly planned: PlannedCall,
    private readonly sent: ClientRequest,
    private readonly resolve: (note: ClientNote) => void,
  ) {
    const { leavesAfterMs } = planned.plan;
    this.timer = leavesAfterMs === null ? null : setTimeout(() => this.leave(), leavesAfterMs);
    sent.on('error', (error) => {
      this.error ??= errorCode(error) ?? errorMessage(error);
      if (this.response === null) this.note(false);
    });
    sent.on('timeout', () => sent.destroy(new Error('no end within the time')));
    sent.on('response', (response) => this.receive(response));
  }

  private receive(response: IncomingMessage): void {
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (this.text += chunk));
    response.on('error', (error) => (this.error ??= errorCode(error) ?? errorMessage(error)));
    response.on('close', () => this.note(response.complete));
  }

  private leave(): void {
    if (this.response?.complete === true) return;
    this.hasLeft = true;
    this.sent.destroy();
    if (this.response === null) this.note(false);
  }

  private note(isComplete: boolean): void {
    if (this.isNoted) return;
    this.isNoted = true;
    if (this.timer !== null) clearTimeout(this.timer);
    const { id, proxy, plan, isPoison } = this.planned;
    const status = this.response?.statusCode ?? null;
    const isEventStream = this.header('content-type')?.startsWith('text/event-stream') === true;
    const code = this.header('content-type') === 'application/json' ? INTERNAL_CODE.exec(this.text)?.[1] : undefined;
    this.resolve({
      id,
      proxy,
      isStream: plan.isStream,
      isPoison,
      isSent: this.error === null || !UNSENT.includes(this.error),
      status,
      requestId: this.header('cf-aig-request-id'),
      logId: this.header('cf-aig-log-id'),
      internalCode: code === undefined ? null : Number(code),
      bytes: this.text.length,
      // A stream's end mark says that all of it is there, whatever becomes of the connection afterwards.
      isWhole: isEventStream ? this.text.endsWith(STREAM_END) : isComplete,
      usage: usageIn(this.text),
      hasLeft: this.hasLeft,
      error: this.error,
    });
  }

  private header(name: string): string | null {
    const value = this.response?.headers[name];
    return typeof value === 'string' ? value : null;
  }
}
