/** Raw requests over RFC 9112 and the guard's own list, in front of an upstream that counts what Node's parser sees. */
import { defineStrictSuite } from '../../http-strict/strict-suite.js';
import { answerJson, startFakeUpstream } from '../../support/fake-upstream.js';

defineStrictSuite('a node upstream', async () => {
  const upstream = await startFakeUpstream(answerJson(200, {}));
  return {
    origin: upstream.origin,
    seen: () => upstream.seen.map(({ method, url }) => `${method} ${url}`),
    close: () => upstream.close(),
  };
});
