/** A proxy's word on a described request: the stages are the proxies', and so are the keys that open secrets. */
import { EXPLAIN_BYTES_MAX, EXPLAIN_PATH, explainAuthorization } from '../../../schema/contracts/explain-call.js';
import { explanationSchema, type DescribedRequest, type Explanation } from '../../../schema/contracts/explanation.js';
import { rateLimited, tooComplex } from '../../errors.js';

/** Beyond the proxy's own waits: Redis, Postgres, and nothing upstream. */
const TIMEOUT_MS = 10_000;

export interface RequestExplainer {
  explain(described: DescribedRequest): Promise<Explanation>;
}

/** Asks the proxy, or the balancer before the proxies, at `proxyUrl`. */
export class ProxyExplainer implements RequestExplainer {
  private readonly url: string;

  constructor(
    proxyUrl: string,
    private readonly key: Buffer,
  ) {
    this.url = proxyUrl.replace(/\/+$/, '') + EXPLAIN_PATH;
  }

  /** Throws RATE_LIMITED when the proxy explains as many as it may, an Error when it does not answer. */
  async explain(described: DescribedRequest): Promise<Explanation> {
    const body = Buffer.from(JSON.stringify(described), 'utf8');
    if (body.length > EXPLAIN_BYTES_MAX) throw tooComplex(`The described request is over ${EXPLAIN_BYTES_MAX} bytes.`);
    const response = await this.post(body);
    if (response.status === 503) throw rateLimited('Too many requests are being explained; try again in a moment.');
    if (!response.ok)
      throw new Error(`the proxy at ${this.url} answered ${response.status} (is TOKEN_PEPPER the same?)`);
    return explanationSchema.parse(await response.json());
  }

  private async post(body: Buffer): Promise<Response> {
    const authorization = explainAuthorization(this.key, body, Date.now());
    try {
      return await fetch(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (cause) {
      throw new Error(`no proxy answers at ${this.url} (PROXY_URL)`, { cause });
    }
  }
}
