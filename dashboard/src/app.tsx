/** Which page stands at which path. Every page is a chunk of its own; `paths.ts` builds the links to them. */
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState, type ComponentType } from 'react';
import { matchRoute, Route, Switch, useLocation, useRouter } from 'wouter';
import { ErrorBoundary } from './components/error-boundary.js';
import { Skeleton } from './components/skeleton.js';
import { ToastProvider } from './components/toast.js';
import { NotFoundPage } from './pages/not-found/page.js';
import { createQueryClient } from './query-client.js';
import { AccountShell } from './shell/account-shell.js';
import { GatewayShell } from './shell/gateway-shell.js';

interface Page {
  readonly path: string;
  readonly component: ComponentType;
  readonly load: () => Promise<ComponentType>;
}

const page = (path: string, load: () => Promise<ComponentType>): Page => ({
  path,
  component: lazy(async () => ({ default: await load() })),
  load,
});

/** Below the tabs of a gateway. */
const GATEWAY_PAGES = [
  page(
    '/accounts/:account/gateways/:gateway',
    async () => (await import('./pages/gateway-overview/page.js')).GatewayOverviewPage,
  ),
  page(
    '/accounts/:account/gateways/:gateway/logs',
    async () => (await import('./pages/gateway-logs/page.js')).GatewayLogsPage,
  ),
  page(
    '/accounts/:account/gateways/:gateway/insights',
    async () => (await import('./pages/gateway-insights/page.js')).GatewayInsightsPage,
  ),
  page(
    '/accounts/:account/gateways/:gateway/settings',
    async () => (await import('./pages/gateway-settings/page.js')).GatewaySettingsPage,
  ),
];

/** Below the navigation of an account. */
const ACCOUNT_PAGES = [
  page('/accounts/:account', async () => (await import('./pages/account-home/page.js')).AccountHomePage),
  page('/accounts/:account/tokens', async () => (await import('./pages/api-tokens/page.js')).ApiTokensPage),
  page('/accounts/:account/members', async () => (await import('./pages/members/page.js')).MembersPage),
  page(
    '/accounts/:account/providers',
    async () => (await import('./pages/custom-providers/page.js')).CustomProvidersPage,
  ),
  page('/accounts/:account/prices', async () => (await import('./pages/prices/page.js')).PricesPage),
  page('/accounts/:account/audit', async () => (await import('./pages/audit-log/page.js')).AuditLogPage),
  page(
    '/accounts/:account/settings',
    async () => (await import('./pages/account-settings/page.js')).AccountSettingsPage,
  ),
];

const OTHER_PAGES = [
  page('/', async () => (await import('./pages/start/page.js')).StartPage),
  page('/sign-in', async () => (await import('./pages/sign-in/page.js')).SignInPage),
  page('/sign-up', async () => (await import('./pages/sign-up/page.js')).SignUpPage),
  page('/invitation', async () => (await import('./pages/invitation/page.js')).InvitationPage),
  page('/reset-password', async () => (await import('./pages/reset-password/page.js')).ResetPasswordPage),
  page('/profile', async () => (await import('./pages/profile/page.js')).ProfilePage),
  page('/operator', async () => (await import('./pages/operator/page.js')).OperatorPage),
];

const routesOf = (pages: readonly Page[]) =>
  pages.map(({ path, component }) => <Route key={path} {...{ path, component }} />);

function GatewayPages() {
  return (
    <GatewayShell>
      <Suspense fallback={<Skeleton rows={6} />}>
        <Switch>
          {routesOf(GATEWAY_PAGES)}
          <Route component={NotFoundPage} />
        </Switch>
      </Suspense>
    </GatewayShell>
  );
}

function AccountPages() {
  return (
    <AccountShell>
      <Suspense fallback={<Skeleton rows={6} />}>
        <Switch>
          {routesOf(ACCOUNT_PAGES)}
          <Route path="/accounts/:account/gateways/:gateway/*?" component={GatewayPages} />
          <Route component={NotFoundPage} />
        </Switch>
      </Suspense>
    </AccountShell>
  );
}

/** Loads a page's chunk beside what its frame asks, not after that is answered. */
function useChunkAhead(): void {
  const [path] = useLocation();
  const { parser } = useRouter();
  useEffect(() => {
    const next = [...GATEWAY_PAGES, ...ACCOUNT_PAGES, ...OTHER_PAGES].find(
      (each) => matchRoute(parser, each.path, path)[0],
    );
    next?.load().catch(() => undefined); // told where the page would be shown, which tries again
  }, [parser, path]);
}

/** The whole dashboard. */
export function App() {
  const [client] = useState(createQueryClient);
  useChunkAhead();
  return (
    <ErrorBoundary>
      <QueryClientProvider client={client}>
        <ToastProvider>
          <Suspense fallback={null}>
            <Switch>
              {routesOf(OTHER_PAGES)}
              <Route path="/accounts/:account/*?" component={AccountPages} />
              <Route component={NotFoundPage} />
            </Switch>
          </Suspense>
        </ToastProvider>
      </QueryClientProvider>
    </ErrorBoundary>
  );
}
