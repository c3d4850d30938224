/**
 * `npm run bench:dashboard`: time to interactive of every page of the dashboard in a real Chromium, over the real api
 * and a ledger of `--rows` records of one gateway; the goal is 1 s. It judges nothing. `--loads` is how often each page
 * is opened, `--data FOLDER` keeps the ledger there and takes one that is there already; `--json` prints all as one
 * object at the end.
 */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { beginRun, makeFolder, say } from '../bench-run.js';
import { currentCommit, describeMachine } from '../machine.js';
import { table } from '../report.js';
import { spreadOf, type Spread } from '../statistics.js';
import { loadedMs, steppedMs, watch } from './interactive.js';
import { benchPages, type BenchPage } from './pages.js';
import { startStack, type BenchStack } from './stack.js';

const { running, shutDown } = beginRun();

/** In ms. */
interface PageTimes {
  readonly name: string;
  /** nothing in the browser's cache */
  readonly cold: Spread;
  /** from the account's home, by a link; null: there is no way there by one */
  readonly stepped: Spread | null;
}

async function run(rows: number, loads: number, given: string | null): Promise<readonly PageTimes[]> {
  const folder = given ?? (await running.add(makeFolder)).path;
  const stack = await startStack(running, { rows, folder });
  const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
  const { browser } = await running.add(async () => {
    const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
    return { browser, stop: () => browser.close() };
  });
  const pages = benchPages(stack.place);
  const [home] = pages.filter(({ name }) => name === 'account home');
  if (home === undefined) throw new Error('there is no home to begin at');
  const times: PageTimes[] = [];
  for (const page of pages) {
    await visit(browser, stack, (context) => coldMs(context, stack, page)); // the api's first answer of a kind is none of a page's
    const cold = await repeated(loads, () => visit(browser, stack, (context) => coldMs(context, stack, page)));
    const step = (context: BrowserContext): Promise<number> => stepMs(context, stack, home, page);
    const isReached = page.isEntrance !== true && page.path !== home.path;
    const stepped = isReached ? await repeated(loads, () => visit(browser, stack, step)) : null;
    times.push({ name: page.name, cold, stepped });
    say(`${page.name}: ${cold.median.toFixed(0)} ms`);
  }
  say(report(times, stack.rows));
  return times;
}

/** In a browser context of its own, with an empty cache and no other page's data. */
async function visit(
  browser: Browser,
  { origin, session }: BenchStack,
  work: (context: BrowserContext) => Promise<number>,
): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    await context.addCookies([
      { name: 'tollgate_session', value: session, url: origin, httpOnly: true, sameSite: 'Lax' },
    ]);
    return await work(context);
  } finally {
    await context.close();
  }
}

async function coldMs(context: BrowserContext, { origin }: BenchStack, page: BenchPage): Promise<number> {
  if (page.isEntrance === true) await context.clearCookies();
  const tab = await context.newPage();
  await watch(tab);
  return loadedMs(tab, origin, page);
}

async function stepMs(
  context: BrowserContext,
  { origin }: BenchStack,
  home: BenchPage,
  page: BenchPage,
): Promise<number> {
  const tab = await context.newPage();
  await watch(tab);
  await loadedMs(tab, origin, home);
  return steppedMs(tab, page);
}

async function repeated(times: number, measure: () => Promise<number>): Promise<Spread> {
  const values: number[] = [];
  for (let time = 0; time < times; time++) values.push(await measure());
  return spreadOf(values);
}

const ms = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(0));

const report = (times: readonly PageTimes[], rows: number): string =>
  table([
    [`interactive with ${rows} records, ms`, 'cold, p50', 'least', 'most', 'by a link, p50', 'least', 'most'],
    ...times.map(({ name, cold, stepped }) => [
      name,
      ...[cold.median, cold.min, cold.max].map(ms),
      ...[stepped?.median, stepped?.min, stepped?.max].map(ms),
    ]),
  ]);

try {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000000' },
      loads: { type: 'string', default: '5' },
      data: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  for (const [name, value] of [['rows', values.rows] as const, ['loads', values.loads] as const]) {
    if (!/^[1-9]\d{0,8}$/.test(value)) throw new Error(`--${name} must be a whole number above 0`);
  }
  const pages = await run(Number(values.rows), Number(values.loads), values.data ?? null);
  const machine = describeMachine(false);
  say(`${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}`);
  if (values.json) say(JSON.stringify({ machine, commit: currentCommit(process.cwd()), rows: values.rows, pages }));
  await shutDown(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await shutDown(1);
}
