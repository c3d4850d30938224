/**
 * Sealed secrets: what the api can write and only the proxy can read (docs/decisions/0009). What a value is for is part
 * of what seals it: moved to another row, account, provider or origin, it does not open.
 */

export interface SealContext {
  readonly use: 'provider-key' | 'custom-provider-headers' | 'egress-proxy';
  readonly accountId: string;
  /** the provider's slug; empty for an egress proxy */
  readonly provider: string;
  /** id of the row that holds it: provider key, custom provider, or gateway */
  readonly id: string;
  /** the only origin that it may be sent to */
  readonly origin: string;
  readonly version: number;
}
