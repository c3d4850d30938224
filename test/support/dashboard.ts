/**
 * The built dashboard in a real Chromium, over a real api and proxy, as somebody who is signed in to an account of the
 * test's own. What the page may never do is collected while it runs: `expectClean` fails on it.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { readDashboard } from '../../api/http/dashboard.js';
import type { ApiOptions } from '../../api/create-api.js';
import { freePort } from '../../platform/listen.js';
import { startTestApi, type TestApi } from './api.js';
import { openBrowser, type TestBrowser } from './browser.js';
import { startFakeUpstream, type FakeUpstream } from './fake-upstream.js';
import { PASSWORD, givePassword } from './people.js';
import { startTestProxy, type TestProxy } from './proxy.js';
import { createUser, type TestUser, type UserOptions } from './seed.js';
import { createTenant, type TestTenant } from './tenant.js';
import { picturesOf } from './test-size.js';

const BUILT = fileURLToPath(new URL('../../dashboard', import.meta.url));
const SCREENSHOTS = fileURLToPath(new URL('../../../test/e2e/screenshots/', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What passes is not gathered, which is most of what axe takes its time for. */
const FIND_VIOLATIONS = `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)`;

export interface TestDashboard {
  readonly api: TestApi;
  readonly proxy: TestProxy;
  /** behind `openai`, `anthropic`, `google-ai-studio` and `demo` */
  readonly upstream: FakeUpstream;
  readonly page: Page;
  readonly tenant: TestTenant;
  readonly user: TestUser;
  /** opens a path of the dashboard, and waits for its data */
  go(path: string): Promise<void>;
  /** signs in by the session's cookie: pages that are not about signing in begin with it */
  signIn(user?: TestUser): Promise<void>;
  /** nothing serious for axe; no request off the origin and nothing in the console since the start */
  expectClean(): Promise<void>;
  /** at 1280 or 390 px, in one of both themes (at full size in each of the four ways), in test/e2e/screenshots/ */
  screenshots(name: string): Promise<void>;
  stop(): Promise<void>;
}

export interface DashboardOptions {
  readonly api?: Partial<ApiOptions>;
  /** the user of `signIn`; by default an owner of the account, with the password of `people.ts` */
  readonly user?: UserOptions;
}

export async function openDashboard(options: DashboardOptions = {}): Promise<TestDashboard> {
  const proxyPort = await freePort();
  const upstream = await startFakeUpstream();
  const [api, browser] = await Promise.all([
    startTestApi({
      publicProxyUrl: `http://127.0.0.1:${proxyPort}`,
      dashboard: readDashboard(BUILT),
      ...options.api,
    }),
    openBrowser(),
  ]);
  const { origin } = upstream;
  const proxy = await startTestProxy(
    { openai: `${origin}/v1`, anthropic: origin, 'google-ai-studio': origin },
    {
      DATABASE_URL: api.database.url,
      REDIS_URL: api.redis.url,
      PROXY_PORT: String(proxyPort),
      DEMO_PROVIDER_ORIGIN: origin,
    },
  );
  const tenant = await createTenant(api.owner);
  const user = await createUser(api.owner, { accountId: tenant.accountId, ...options.user });
  await givePassword(api, user.id, PASSWORD);
  return new OpenDashboard({ api, proxy, upstream, tenant, user, browser });
}

type Parts = Pick<TestDashboard, 'api' | 'proxy' | 'upstream' | 'tenant' | 'user'> & { readonly browser: TestBrowser };

class OpenDashboard implements TestDashboard {
  readonly api: TestApi;
  readonly proxy: TestProxy;
  readonly upstream: FakeUpstream;
  readonly tenant: TestTenant;
  readonly user: TestUser;
  readonly page: Page;
  private readonly browser: TestBrowser;
  /** what the page may not do, as it was seen */
  private readonly offences: string[] = [];
  private pictured = 0;

  constructor({ api, proxy, upstream, tenant, user, browser }: Parts) {
    [this.api, this.proxy, this.upstream, this.tenant, this.user] = [api, proxy, upstream, tenant, user];
    [this.browser, this.page] = [browser, browser.page];
    const { page } = browser;
    page.on('request', (request) => {
      if (!request.url().startsWith(`${api.url}/`) && !/^(?:data|blob|about):/.test(request.url())) {
        this.offences.push(`asked ${request.url()}`);
      }
    });
    page.on('pageerror', (error) => this.offences.push(`threw ${String(error)}`));
    page.on('console', (message) => {
      // a status that the api gave on purpose (401, 429, …) is told by Chromium as an error
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        this.offences.push(`logged ${message.text()}`);
      }
    });
  }

  async go(path: string): Promise<void> {
    await this.page.goto(`${this.api.url}${path}`);
    await this.settled();
  }

  async signIn(user: TestUser = this.user): Promise<void> {
    const cookie = { name: 'tollgate_session', value: user.token, url: this.api.url, httpOnly: true };
    await this.page.context().addCookies([{ ...cookie, sameSite: 'Lax' }]);
  }

  async expectClean(): Promise<void> {
    await this.settled();
    const { page } = this;
    // by the debugger: the page's policy holds for the page alone
    if (!(await page.evaluate<boolean>("'axe' in globalThis"))) await page.evaluate(AXE);
    const found = await page.evaluate<Violation[]>(FIND_VIOLATIONS);
    const serious = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(nodeText).join(' | ')}`)).toEqual([]);
    expect(this.offences).toEqual([]);
  }

  async screenshots(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    const { page } = this;
    for (const { width, colorScheme } of picturesOf(this.pictured++)) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await this.settled();
      await page.screenshot({ path: `${SCREENSHOTS}${name}-${width}-${colorScheme}.png` });
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.proxy.stop();
    await this.api.stop();
    await this.upstream.close();
  }

  /** Until no skeleton is left: what was asked has been answered. */
  private async settled(): Promise<void> {
    await this.page.locator('#root > *').first().waitFor();
    await this.page.locator('.skeleton').first().waitFor({ state: 'detached' });
  }
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly ViolatingNode[];
}

interface ViolatingNode {
  readonly html: string;
  readonly failureSummary: string;
}

const nodeText = ({ html, failureSummary }: ViolatingNode): string => `${html} (${failureSummary})`;
