import { expect, test } from '@jest/globals';
import { selectDialect } from '../../../../proxy/dialects/select-dialect.js';
import type { Arrival, UpstreamCall } from '../../../../proxy/exchange.js';
import { uncachedReason } from '../../../../proxy/stages/look-up.js';

/** Why a POST is neither cached nor shared, by the gateway's setting or by a wish of its own. */
function reasonOf(provider: string, target: string, isAskedFor = false): unknown {
  const { origin, pathname, search } = new URL(target);
  const { dialect } = selectDialect(provider, 'POST', pathname, search);
  const arrival = { method: 'POST', head: { rawHeaders: [] }, options: {} } as unknown as Arrival; // what is read of it
  const call = { dialect, bodyStream: null, destination: { origin }, path: pathname + search };
  return uncachedReason(arrival, call as unknown as UpstreamCall, { ttlSeconds: 60, isCoalesced: true, isAskedFor });
}

test.each([
  ['openai', 'https://api.openai.com/v1/chat/completions'],
  ['deepgram', 'https://api.deepgram.com/v1/listen?model=nova-3'],
  ['deepgram', 'https://api.deepgram.com/v1/speak'],
  ['fal', 'https://fal.run/fal-ai/flux/dev'],
  ['ideogram', 'https://api.ideogram.ai/generate'],
  ['ideogram', 'https://api.ideogram.ai/v1/ideogram-v3/generate'],
  ['ideogram', 'https://api.ideogram.ai/v1/ideogram-v3/replace-background'],
  ['ideogram', 'https://api.ideogram.ai/v1/text-to-image/p-image-ideogram'],
])('a call that only asks is cached: %s %s', (provider, url) => {
  expect(reasonOf(provider, url)).toBeNull();
});

test.each([
  ['deepgram', 'https://api.deepgram.com/v1/listen?model=nova-3&callback=https://example.com'],
  ['deepgram', 'https://api.deepgram.com/v1/listen?c%61llback=https://example.com'],
  ['deepgram', 'https://api.deepgram.com/v1/speak?callback=https://example.com'],
  ['fal', 'https://queue.fal.run/fal-ai/flux/dev'],
  ['fal', 'https://fal.run/fal-ai/flux/requests/1/cancel'],
  ['fal', 'https://fal.run/fal-ai/flux/requests'],
  ['fal', 'https://fal.run/fal-ai/flux/dev?fal_webhook=https://example.com'],
  ['fal', 'https://rest.fal.ai/storage/upload/initiate'],
  ['ideogram', 'https://api.ideogram.ai/datasets'],
  ['ideogram', 'https://api.ideogram.ai/v1/datasets/generate/upload_assets'],
  ['ideogram', 'https://api.ideogram.ai/v1/ideogram-v4/async/generate'],
  ['ideogram', 'https://api.ideogram.ai/v1/ideogram-v3/generate?webhook_url=https://example.com'],
])('a call that does more is not, unless it asks for that itself: %s %s', (provider, url) => {
  expect(reasonOf(provider, url)).toBe('SIDE_EFFECTS');
  expect(reasonOf(provider, url, true)).toBeNull();
});
