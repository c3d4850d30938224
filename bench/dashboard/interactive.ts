/**
 * Time to interactive, as the page itself sees it: from the beginning of a navigation until the page's own data is
 * drawn, no skeleton is left, and the main thread has been without a long task (over 50 ms) for a fifth of a second
 * after that; that wait is not counted, the end of the last long task before it is.
 */
import type { Page } from 'playwright-core';
import type { BenchPage } from './pages.js';

const QUIET_MS = 200;
const TIMEOUT_MS = 60_000;

/** Before any script of a page: long tasks are told to who listens, and not afterwards. */
const WATCH = `
  globalThis.lastLongTaskEndMs = 0;
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      globalThis.lastLongTaskEndMs = Math.max(globalThis.lastLongTaskEndMs, startTime + duration);
    }
  }).observe({ type: 'longtask', buffered: true });`;

const interactiveScript = (drawn: string, beganMs: string): string => `new Promise((resolve) => {
  const beganMs = ${beganMs};
  let drawnMs = null;
  const look = () => {
    const now = performance.now();
    const isDrawn = document.querySelector(${JSON.stringify(drawn)}) !== null && document.querySelector('.skeleton') === null;
    drawnMs = isDrawn ? (drawnMs ?? now) : null;
    const idleMs = drawnMs === null ? null : Math.max(drawnMs, globalThis.lastLongTaskEndMs);
    if (idleMs !== null && now - idleMs >= ${QUIET_MS}) resolve(idleMs - beganMs);
    else requestAnimationFrame(look);
  };
  look();
})`;

export const watch = (page: Page): Promise<unknown> => page.addInitScript(WATCH);

/** Loads the page; in ms from the beginning of the navigation. */
export async function loadedMs(page: Page, origin: string, { path, drawn }: BenchPage): Promise<number> {
  page.setDefaultTimeout(TIMEOUT_MS);
  await page.goto(`${origin}${path}`, { waitUntil: 'commit', timeout: TIMEOUT_MS });
  return page.evaluate<number>(interactiveScript(drawn, '0'));
}

/** Goes there from the page that is shown, as a link of it does; in ms from the click. */
export function steppedMs(page: Page, { path, drawn }: BenchPage): Promise<number> {
  const step = `(() => { const ms = performance.now(); history.pushState(null, '', ${JSON.stringify(path)}); return ms; })()`;
  return page.evaluate<number>(interactiveScript(drawn, step));
}
