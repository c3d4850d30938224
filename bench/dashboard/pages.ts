/** The pages that the bench opens, each with what is there once its own data is drawn. */

/** Who and what they are of. */
export interface BenchPlace {
  readonly account: string;
  readonly gateway: string;
  /** id of one of its logs */
  readonly logId: string;
}

export interface BenchPage {
  readonly name: string;
  readonly path: string;
  /**
   * a CSS selector: drawn of the answers alone, by no skeleton, no frame around the page, and not by the account's home
   */
  readonly drawn: string;
  /** it is for who is not signed in */
  readonly isEntrance?: boolean;
}

const figures = (label: string): string => `dl[aria-label="${label}"]`;
const region = (label: string): string => `[role=region][aria-label="${label}"] tbody tr`;

export function benchPages({ account, gateway, logId }: BenchPlace): readonly BenchPage[] {
  const ofAccount = (page: string): string => `/accounts/${account}${page}`;
  const ofGateway = (page: string): string => ofAccount(`/gateways/${gateway}${page}`);
  const groups = '[role=region][aria-label^="Groups by"] tbody tr';
  return [
    { name: 'sign in', path: '/sign-in', drawn: 'input[type=password]', isEntrance: true },
    { name: 'account home', path: ofAccount(''), drawn: '.gateway-card .sparkline' },
    { name: 'overview, 24 hours', path: ofGateway(''), drawn: groups },
    { name: 'overview, 30 days', path: ofGateway('?range=30d'), drawn: groups },
    { name: 'overview, 30 days by metadata', path: ofGateway('?range=30d&group=METADATA:user'), drawn: groups },
    { name: 'logs', path: ofGateway('/logs'), drawn: region('Logs') },
    {
      name: 'logs of 30 days by status and model',
      path: ofGateway('/logs?range=30d&status=500&model=model-3'),
      drawn: region('Logs'),
    },
    { name: 'a log', path: ofGateway(`/logs?log=${logId}`), drawn: 'dialog .log-detail' },
    { name: 'insights, 24 hours', path: ofGateway('/insights'), drawn: region('Slowest models') },
    { name: 'insights, 30 days', path: ofGateway('/insights?range=30d'), drawn: region('Slowest models') },
    { name: 'settings', path: ofGateway('/settings'), drawn: '.settings form' },
    { name: 'provider keys', path: ofGateway('/settings?part=keys'), drawn: '.section .empty-state' },
    { name: 'history', path: ofGateway('/settings?part=history'), drawn: region('Versions') },
    { name: 'API tokens', path: ofAccount('/tokens'), drawn: '.empty-state' },
    { name: 'members', path: ofAccount('/members'), drawn: region('Members') },
    { name: 'custom providers', path: ofAccount('/providers'), drawn: '.empty-state' },
    { name: 'prices', path: ofAccount('/prices'), drawn: '.empty-state' },
    { name: 'price list', path: ofAccount('/prices?part=list'), drawn: region('Price list') },
    { name: 'audit log', path: ofAccount('/audit'), drawn: '[role=region] tbody tr' },
    { name: 'account settings', path: ofAccount('/settings'), drawn: '.facts' },
    { name: 'profile', path: '/profile', drawn: region('Sessions') },
    { name: 'operator: accounts', path: '/operator', drawn: region('Accounts') },
    { name: 'operator: health', path: '/operator?part=health', drawn: figures('Ledger and stores') },
    { name: 'operator: ledger', path: '/operator?part=ledger', drawn: figures('Records of the day') },
    { name: 'operator: prices', path: '/operator?part=prices', drawn: 'form textarea' },
  ];
}
