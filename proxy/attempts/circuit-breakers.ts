/**
 * Circuit breakers: after many failures in a row, calls are refused for a while instead of waiting for the next one
 * (reliability: 2d). What opens one, and whom it then concerns, is kept apart:
 *
 * - of one gateway's calls to one origin, failures to answer (connecting, 5xx, time limits): that gateway's calls
 *   there;
 * - the same of three accounts, while nobody succeeds: everybody's calls to that origin, if it is of the operator's
 *   table and reached by no egress proxy of a gateway's own. An account alone opens nothing for another one;
 * - of one stored key, answers of 401, 403 and 429: the calls with that key.
 *
 * Whoever gives a provider less time than others do learns nothing of it by silence, which then does not count: less
 * than the gateway's settings for that gateway, less than the instance's limit for everybody.
 *
 * A breaker that is open lets one call through each time its interval ends; a success closes it. Those in a hurry have
 * a trial of their own, so that they neither take that of the others nor wait for ever where there are no others.
 */
import type { Forwarded, UpstreamCall } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { DEFAULT_REQUEST_TIMEOUT_MS } from '../request-bounds.js';
import { isUpstreams } from './retry-rule.js';

export interface BreakerBounds {
  /** in a row, without a success in between */
  readonly failuresMin: number;
  /** how long it is open at first, and at most: each trial that fails doubles it */
  readonly openMsMin: number;
  readonly openMsMax: number;
  /** a row of failures ends when none follows for so long */
  readonly forgetMs: number;
  /** accounts whose failures close an origin for everybody */
  readonly accountsMin: number;
  /** rows of failures that are remembered; the oldest is forgotten */
  readonly rowsMax: number;
}

export const BREAKER_BOUNDS: BreakerBounds = Object.freeze({
  failuresMin: 20,
  openMsMin: 5_000,
  openMsMax: 60_000,
  forgetMs: 60_000,
  accountsMin: 3,
  rowsMax: 10_000,
});

/** Failures in a row. */
interface FailureRow {
  count: number;
  /** those that speak of the provider whatever the gateway's settings */
  undoubted: number;
  lastMs: number;
  /** 0: it is closed */
  openUntilMs: number;
  /** for calls in a hurry, of which one went through: when the next one may */
  hastyUntilMs: number;
  openMs: number;
  /** a call has been let through to see */
  isOnTrial: boolean;
}

/** A row that concerns a call, and whether the call gives the provider too little time for silence to count there. */
interface Concern {
  readonly row: FailureRow;
  readonly isHasty: boolean;
}

/** `gateway` and `shared` are of an origin; null: no such breaker concerns the call. */
interface BreakerKeys {
  readonly gateway: string;
  readonly shared: string | null;
  readonly storedKey: string | null;
}

/** An answer that speaks against the credential. */
const KEY_STATUSES = new Set([401, 403, 429]);

export class CircuitBreakers {
  readonly counts = { opened: 0, refused: 0, forgotten: 0 };
  private readonly rows = new Map<string, FailureRow>();
  /**
   * origin → accounts with a gateway that it fails, and when it last did, since its last success; as many origins as
   * rows
   */
  private readonly accounts = new Map<string, Map<string, number>>();

  constructor(
    private readonly bounds: BreakerBounds = BREAKER_BOUNDS,
    private readonly onOpened: (breaker: string) => void = () => undefined,
    private readonly now: () => number = Date.now,
  ) {}

  /** breakers that are open, or on trial */
  get open(): number {
    let open = 0;
    for (const row of this.rows.values()) if (row.openUntilMs > 0) open += 1;
    return open;
  }

  /** Throws GatewayError 9006 when a breaker is open for the call. Costs nothing as long as nothing fails. */
  admit(call: UpstreamCall): void {
    if (this.rows.size === 0) return;
    const concerns = this.concernsOf(call).filter(({ row }) => row.openUntilMs > 0);
    if (concerns.length === 0) return;
    const nowMs = this.now();
    const refusal = refusalBy(concerns, nowMs);
    if (refusal !== null) {
      this.counts.refused += 1;
      throw refusal;
    }
    // Whatever becomes of the trial, also nothing, another one follows after the interval.
    for (const { row, isHasty } of concerns) {
      row.isOnTrial = true;
      row[isHasty ? 'hastyUntilMs' : 'openUntilMs'] = nowMs + row.openMs;
    }
  }

  /** What `admit` would throw now; null: nothing. No trial is taken, and nothing counted. */
  refusalOf(call: UpstreamCall): GatewayError | null {
    return refusalBy(this.concernsOf(call), this.now());
  }

  /** Whether a breaker is open for the call: nothing is sent once more then. */
  isOpen(call: UpstreamCall): boolean {
    if (this.rows.size === 0) return false;
    return this.concernsOf(call).some((concern) => untilMs(concern) > this.now());
  }

  /** What an attempt came to. */
  hear(call: UpstreamCall, forwarded: Forwarded): void {
    if (forwarded.kind === 'client-left') return;
    const isFailure = forwarded.kind === 'failed' || forwarded.answer.statusCode >= 500;
    if (forwarded.kind === 'failed' && !isUpstreams(forwarded.error)) return;
    if (!isFailure && this.rows.size === 0 && call.storedKey === null) return;
    const isSilence = isSilent(forwarded);
    if (isSilence && isHastyForGateway(call)) return;
    const keys = keysOf(call);
    if (isFailure) return this.failed(keys, call, !(isSilence && isHastyForAll(call)));
    this.succeeded(keys);
    if (keys.storedKey === null || forwarded.kind !== 'answered') return;
    if (KEY_STATUSES.has(forwarded.answer.statusCode)) this.count(keys.storedKey, true);
    else this.rows.delete(keys.storedKey);
  }

  private failed(keys: BreakerKeys, call: UpstreamCall, isSure: boolean): void {
    const row = this.count(keys.gateway, isSure);
    const { failuresMin, accountsMin, forgetMs } = this.bounds;
    if (!isSure || keys.shared === null || row.undoubted < failuresMin) return;
    let accounts = this.accounts.get(keys.shared);
    if (accounts === undefined) {
      this.makeRoom(this.accounts);
      this.accounts.set(keys.shared, (accounts = new Map<string, number>()));
    }
    accounts.set(call.target.policy.accountId, row.lastMs);
    for (const [account, lastMs] of accounts) if (row.lastMs - lastMs > forgetMs) accounts.delete(account);
    if (accounts.size < accountsMin) return;
    // Many failures are behind it: this one opens it, or ends its trial.
    const shared = this.row(keys.shared);
    shared.count = Math.max(shared.count, failuresMin - 1);
    shared.lastMs = row.lastMs;
    this.count(keys.shared, true);
  }

  private succeeded({ gateway, shared }: BreakerKeys): void {
    this.rows.delete(gateway);
    if (shared === null) return;
    this.rows.delete(shared);
    this.accounts.delete(shared);
  }

  /** One failure more, which may open the breaker, or keep it open for longer. */
  private count(key: string, isSure: boolean): FailureRow {
    const { failuresMin, openMsMin, openMsMax, forgetMs } = this.bounds;
    const nowMs = this.now();
    const row = this.row(key);
    if (row.openUntilMs < nowMs && nowMs - row.lastMs > forgetMs) Object.assign(row, newRow());
    row.count += 1;
    row.undoubted += isSure ? 1 : 0;
    row.lastMs = nowMs;
    const opens = row.openUntilMs === 0 && row.count >= failuresMin;
    if (!opens && !row.isOnTrial) return row;
    row.openMs = opens ? openMsMin : Math.min(row.openMs * 2, openMsMax);
    row.openUntilMs = nowMs + row.openMs;
    row.isOnTrial = false;
    if (opens) {
      this.counts.opened += 1;
      this.onOpened(key);
    }
    return row;
  }

  private row(key: string): FailureRow {
    const known = this.rows.get(key);
    if (known !== undefined) return known;
    this.makeRoom(this.rows);
    const row = newRow();
    this.rows.set(key, row);
    return row;
  }

  private makeRoom(map: Map<string, unknown>): void {
    if (map.size < this.bounds.rowsMax) return;
    for (const oldest of map.keys()) {
      map.delete(oldest);
      this.counts.forgotten += 1;
      return;
    }
  }

  private concernsOf(call: UpstreamCall): Concern[] {
    const { gateway, shared, storedKey } = keysOf(call);
    const isHasty = isHastyForAll(call);
    return [
      ...this.concern(gateway, isHastyForGateway(call)),
      ...this.concern(shared, isHasty),
      ...this.concern(storedKey, isHasty),
    ];
  }

  private concern(key: string | null, isHasty: boolean): Concern[] {
    const row = key === null ? undefined : this.rows.get(key);
    return row === undefined ? [] : [{ row, isHasty }];
  }
}

/** Null: no row is open to the call at the time, or it may be let through to see. */
function refusalBy(concerns: readonly Concern[], nowMs: number): GatewayError | null {
  const waitMs = Math.max(0, ...concerns.map(untilMs)) - nowMs;
  if (waitMs <= 0) return null;
  return new GatewayError('breakerOpen', 'the provider has failed too many calls in a row; it is being left alone', {
    retryAfterSeconds: Math.ceil(waitMs / 1_000),
  });
}

const untilMs = ({ row, isHasty }: Concern): number =>
  isHasty ? Math.max(row.openUntilMs, row.hastyUntilMs) : row.openUntilMs;

const newRow = (): FailureRow => ({
  count: 0,
  undoubted: 0,
  lastMs: 0,
  openUntilMs: 0,
  hastyUntilMs: 0,
  openMs: 0,
  isOnTrial: false,
});

function keysOf({ destination, storedKey, target }: UpstreamCall): BreakerKeys {
  const { origin, accountId, egress } = destination;
  return {
    gateway: `gateway ${target.policy.gatewayId} ${origin}`,
    shared: accountId === null && egress === null ? `origin ${origin}` : null,
    storedKey: storedKey === null ? null : `key ${storedKey.id} ${storedKey.version}`,
  };
}

/** Whether the call's own time limit passed. (That of connecting, which has a cause, is the same for all.) */
const isSilent = (forwarded: Forwarded): boolean =>
  forwarded.kind === 'failed' &&
  forwarded.error.errorName === 'upstreamTimedOut' &&
  forwarded.error.cause === undefined;

/** Asked for less time than its gateway's others have. */
const isHastyForGateway = ({ timeoutMs, target }: UpstreamCall): boolean =>
  timeoutMs < (target.policy.settings.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS);

/** A time limit shorter than the usual one says more of the gateway that set it than of the provider. */
const isHastyForAll = ({ timeoutMs }: UpstreamCall): boolean => timeoutMs < DEFAULT_REQUEST_TIMEOUT_MS;
