/** A real Chromium with nothing of its own on the network, and a page of another origin than anything under test. */
import { createServer } from 'node:http';
import { chromium, type Page } from 'playwright-core';
import { listen } from '../../platform/listen.js';
import { testConfig } from './config.js';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface TestBrowser {
  /** an empty page, served by an origin of its own */
  readonly page: Page;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<TestBrowser> {
  const site = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>a page</title>');
  });
  const port = await listen(site, { host: '127.0.0.1', port: 0, name: 'page', variable: 'none' });
  const browser = await chromium.launch({ executablePath: testConfig.CHROMIUM_PATH, args: ARGUMENTS });
  const page = await browser.newPage({ reducedMotion: 'reduce' }); // what moves is drawn again and again
  await page.goto(`http://127.0.0.1:${port}/`);
  return {
    page,
    async close() {
      await browser.close();
      site.closeAllConnections();
      site.close();
    },
  };
}
