/** A page's operation that waits on its way to the api. */
import type { Page } from 'playwright-core';

/** Holds what the page sends as `operationName` from here on, until the function is called that this answers. */
export async function holdOperation(page: Page, operationName: string): Promise<() => Promise<void>> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/graphql', async (route) => {
    const sent = route.request().postDataJSON() as { readonly operationName?: string } | null; // what request.ts sends
    if (sent?.operationName === operationName) await released;
    await route.continue();
  });
  return async () => {
    release();
    await page.unrouteAll({ behavior: 'wait' });
  };
}
