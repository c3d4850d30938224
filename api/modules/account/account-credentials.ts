/**
 * What opens something elsewhere, all of which a deleted account loses: provider keys, headers of custom providers,
 * egress proxies.
 */

/** The statements that erase it; `owned` is the condition that the rows under an alias are the account's. */
export const eraseCredentialsSql = (owned: (alias: string) => string): readonly string[] => [
  `DELETE FROM provider_key k WHERE ${owned('k')}`,
  `DELETE FROM custom_provider c WHERE ${owned('c')}`,
  `UPDATE gateway_settings s SET egress_proxy_url = NULL, egress_proxy_sealed = NULL
   WHERE ${owned('s')} AND s.egress_proxy_url IS NOT NULL`,
];
