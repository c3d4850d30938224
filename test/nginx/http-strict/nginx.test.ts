/** The same raw requests in front of a real nginx, whose parser is not Node's: it must see what we logged, no more. */
import { defineStrictSuite } from '../../http-strict/strict-suite.js';
import { startNginx } from '../../support/nginx.js';

defineStrictSuite('nginx', async () => {
  const nginx = await startNginx();
  return { origin: nginx.origin, seen: () => nginx.requestLines(), close: () => nginx.stop() };
});
