/** Which page stands at which path. Every page is a chunk of its own; `paths.ts` builds the links to them. */
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useState, type ComponentType, type LazyExoticComponent } from 'react';
import { Route, Switch } from 'wouter';
import { ErrorBoundary } from './components/error-boundary.js';
import { Skeleton } from './components/skeleton.js';
import { ToastProvider } from './components/toast.js';
import { NotFoundPage } from './pages/not-found/page.js';
import { createQueryClient } from './query-client.js';
import { AccountShell } from './shell/account-shell.js';
import { GatewayShell } from './shell/gateway-shell.js';

const page = (load: () => Promise<ComponentType>): LazyExoticComponent<ComponentType> =>
  lazy(async () => ({ default: await load() }));

const StartPage = page(async () => (await import('./pages/start/page.js')).StartPage);
const SignInPage = page(async () => (await import('./pages/sign-in/page.js')).SignInPage);
const SignUpPage = page(async () => (await import('./pages/sign-up/page.js')).SignUpPage);
const InvitationPage = page(async () => (await import('./pages/invitation/page.js')).InvitationPage);
const ResetPasswordPage = page(async () => (await import('./pages/reset-password/page.js')).ResetPasswordPage);
const AccountHomePage = page(async () => (await import('./pages/account-home/page.js')).AccountHomePage);
const GatewayOverviewPage = page(async () => (await import('./pages/gateway-overview/page.js')).GatewayOverviewPage);
const GatewayLogsPage = page(async () => (await import('./pages/gateway-logs/page.js')).GatewayLogsPage);
const GatewayInsightsPage = page(async () => (await import('./pages/gateway-insights/page.js')).GatewayInsightsPage);
const GatewaySettingsPage = page(async () => (await import('./pages/gateway-settings/page.js')).GatewaySettingsPage);
const ApiTokensPage = page(async () => (await import('./pages/api-tokens/page.js')).ApiTokensPage);
const MembersPage = page(async () => (await import('./pages/members/page.js')).MembersPage);
const CustomProvidersPage = page(async () => (await import('./pages/custom-providers/page.js')).CustomProvidersPage);
const PricesPage = page(async () => (await import('./pages/prices/page.js')).PricesPage);
const AuditLogPage = page(async () => (await import('./pages/audit-log/page.js')).AuditLogPage);
const AccountSettingsPage = page(async () => (await import('./pages/account-settings/page.js')).AccountSettingsPage);
const ProfilePage = page(async () => (await import('./pages/profile/page.js')).ProfilePage);
const OperatorPage = page(async () => (await import('./pages/operator/page.js')).OperatorPage);

/** Pages of one gateway, below its tabs. */
function GatewayPages() {
  return (
    <GatewayShell>
      <Suspense fallback={<Skeleton rows={6} />}>
        <Switch>
          <Route path="/accounts/:account/gateways/:gateway" component={GatewayOverviewPage} />
          <Route path="/accounts/:account/gateways/:gateway/logs" component={GatewayLogsPage} />
          <Route path="/accounts/:account/gateways/:gateway/insights" component={GatewayInsightsPage} />
          <Route path="/accounts/:account/gateways/:gateway/settings" component={GatewaySettingsPage} />
          <Route component={NotFoundPage} />
        </Switch>
      </Suspense>
    </GatewayShell>
  );
}

/** Pages of one account, below its navigation. */
function AccountPages() {
  return (
    <AccountShell>
      <Suspense fallback={<Skeleton rows={6} />}>
        <Switch>
          <Route path="/accounts/:account" component={AccountHomePage} />
          <Route path="/accounts/:account/tokens" component={ApiTokensPage} />
          <Route path="/accounts/:account/members" component={MembersPage} />
          <Route path="/accounts/:account/providers" component={CustomProvidersPage} />
          <Route path="/accounts/:account/prices" component={PricesPage} />
          <Route path="/accounts/:account/audit" component={AuditLogPage} />
          <Route path="/accounts/:account/settings" component={AccountSettingsPage} />
          <Route path="/accounts/:account/gateways/:gateway/*?" component={GatewayPages} />
          <Route component={NotFoundPage} />
        </Switch>
      </Suspense>
    </AccountShell>
  );
}

/** The whole dashboard. */
export function App() {
  const [client] = useState(createQueryClient);
  return (
    <ErrorBoundary>
      <QueryClientProvider client={client}>
        <ToastProvider>
          <Suspense fallback={null}>
            <Switch>
              <Route path="/" component={StartPage} />
              <Route path="/sign-in" component={SignInPage} />
              <Route path="/sign-up" component={SignUpPage} />
              <Route path="/invitation" component={InvitationPage} />
              <Route path="/reset-password" component={ResetPasswordPage} />
              <Route path="/profile" component={ProfilePage} />
              <Route path="/operator" component={OperatorPage} />
              <Route path="/accounts/:account/*?" component={AccountPages} />
              <Route component={NotFoundPage} />
            </Switch>
          </Suspense>
        </ToastProvider>
      </QueryClientProvider>
    </ErrorBoundary>
  );
}
