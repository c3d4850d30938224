/**
 * The head of a cached answer as JSON, character for character what `JSON.stringify` makes of the whole list, in half
 * its time: most of it is what the answer before said. Of that one the text stays here.
 */
import type { UsageUnits } from '../../schema/contracts/usage-units.js';
import type { CachedAnswer } from './cached-answer.js';

/** What stands between the headers and the counts of an answer that does not vary and used no other units. */
interface Middle {
  readonly contentEncoding: string | null;
  readonly varyHash: string | null;
  readonly policyRevision: number;
  readonly keyDigest: string | null;
  readonly requestedModel: string | null;
  readonly usageSource: string;
  readonly usageNote: string | null;
  readonly model: string | null;
  readonly serviceTier: string | null;
  readonly text: string;
}

/** of the last answer; null: there was none yet */
let keptMiddle: Middle | null = null;
/** Names and values that are kept, and their length: what one comes from, the head of its answer, stays with it. */
const HEADERS_MAX = 64;
const HEADER_CHARACTERS_MAX = 256;
/** names and values of the last answers' headers, each at its place, and their text */
const keptHeaders: string[] = [];
const keptHeaderTexts: string[] = [];

/** In the order of `headSchema` (stored-answer.ts). */
export function answerHead(answer: CachedAnswer): string {
  const { headers, body, reading } = answer;
  return `[[${headersText(headers)}],${middleText(answer)},${body.length},${countsText(reading.units)}]`;
}

function headersText(headers: readonly string[]): string {
  let text = '';
  for (let index = 0; index < headers.length; index++) {
    const header = headers[index] ?? '';
    if (keptHeaders[index] === header) {
      text += keptHeaderTexts[index] ?? '';
      continue;
    }
    const own = (index === 0 ? '' : ',') + JSON.stringify(header);
    text += own;
    if (index >= HEADERS_MAX || header.length > HEADER_CHARACTERS_MAX) continue;
    keptHeaders[index] = header;
    keptHeaderTexts[index] = own;
  }
  return text;
}

function middleText(answer: CachedAnswer): string {
  const { contentEncoding, vary, varyHash, policyRevision, keyDigest, requestedModel, reading } = answer;
  const { usageSource, usageNote, model, serviceTier, units } = reading;
  const isUsual = vary === null && units.other === null;
  if (isUsual && keptMiddle !== null && isOf(keptMiddle, answer)) return keptMiddle.text;
  const about = [contentEncoding, vary, varyHash, policyRevision, keyDigest, requestedModel];
  const text = JSON.stringify([...about, usageSource, usageNote, model, serviceTier, units.other]).slice(1, -1);
  if (isUsual) {
    const asked = { contentEncoding, varyHash, policyRevision, keyDigest, requestedModel };
    keptMiddle = { ...asked, usageSource, usageNote, model, serviceTier, text };
  }
  return text;
}

function isOf(kept: Middle, answer: CachedAnswer): boolean {
  const { reading } = answer;
  return (
    kept.policyRevision === answer.policyRevision &&
    kept.contentEncoding === answer.contentEncoding &&
    kept.varyHash === answer.varyHash &&
    kept.keyDigest === answer.keyDigest &&
    kept.requestedModel === answer.requestedModel &&
    kept.usageSource === reading.usageSource &&
    kept.usageNote === reading.usageNote &&
    kept.model === reading.model &&
    kept.serviceTier === reading.serviceTier
  );
}

/** In the order of USAGE_UNITS. */
function countsText(units: UsageUnits): string {
  const { inputTokens, outputTokens, reasoningTokens } = units;
  if (isText(units)) return `${inputTokens},0,0,0,${outputTokens},${reasoningTokens},0,0,0,0,0,0`;
  return (
    `${inputTokens},${units.cachedInputTokens},${units.cacheWriteTokens},${units.cacheWrite1hTokens},${outputTokens},` +
    `${reasoningTokens},${units.audioInputTokens},${units.audioOutputTokens},${units.imageInputTokens},` +
    `${units.imageOutputTokens},${units.requests},${units.webSearches}`
  );
}

/** Whether it used text alone, and nothing of a prompt cache: nine counts are zero. */
function isText(units: UsageUnits): boolean {
  return (
    units.cachedInputTokens === 0 &&
    units.cacheWriteTokens === 0 &&
    units.cacheWrite1hTokens === 0 &&
    units.audioInputTokens === 0 &&
    units.audioOutputTokens === 0 &&
    units.imageInputTokens === 0 &&
    units.imageOutputTokens === 0 &&
    units.requests === 0 &&
    units.webSearches === 0
  );
}
