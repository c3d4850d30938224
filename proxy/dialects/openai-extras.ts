/**
 * What providers that copy OpenAI's usage object bill besides, under names of their own in it: Perplexity's research,
 * xAI's and OpenRouter's tools, Mistral's sound. Costs that they report (`cost`) are not used: prices are the list's.
 */
import type { UsageUnits } from '../../schema/contracts/usage-units.js';
import { objectOf, textIn, type JsonObject } from './json-value.js';
import type { UsageCounts } from './usage-counts.js';

/** xAI's tools that are billed by the call (those of MCP servers are not; docs.x.ai, Pricing, 2026-11-29). */
const XAI_TOOLS = [
  ['code_interpreter_calls', 'codeExecutions'],
  ['document_search_calls', 'documentSearches'],
  ['file_search_calls', 'fileSearches'],
  ['image_generation_calls', 'images'],
] as const;

/** Adds to `units` what stands beside the tokens in `usage`. */
export function addExtras(units: UsageUnits, usage: JsonObject, counts: UsageCounts): void {
  if (usage['citation_tokens'] !== undefined || usage['search_context_size'] !== undefined) {
    addResearch(units, usage, counts);
  }
  const searches = objectOf(usage['server_tool_use']) ?? objectOf(usage['server_tool_use_details']); // OpenRouter
  if (searches !== null) units.webSearches += counts.optional(searches, 'web_search_requests');
  const tools = objectOf(usage['server_side_tool_usage_details']); // xAI
  if (tools !== null) {
    units.webSearches += counts.optional(tools, 'web_search_calls') + counts.optional(tools, 'x_search_calls');
    for (const [key, unit] of XAI_TOOLS) addOther(units, unit, counts.optional(tools, key));
  }
  addOther(units, 'searchSources', counts.optionalCount(usage['num_sources_used'], 'num_sources_used')); // xAI, live search
  if (usage['prompt_audio_seconds'] !== undefined && usage['prompt_audio_seconds'] !== null) {
    addSound(units, usage, counts); // Mistral
  }
}

/**
 * Perplexity. Its deep research bills citations, reasoning and searches, each beside the completion
 * (docs.perplexity.ai, Pricing, 2026-11-27); its other models bill the request, by the size of the search's context,
 * and the price list has the largest size only.
 */
function addResearch(units: UsageUnits, usage: JsonObject, counts: UsageCounts): void {
  const citations = counts.optional(usage, 'citation_tokens');
  const reasoning = counts.optional(usage, 'reasoning_tokens');
  if (citations > 0 || reasoning > 0) {
    units.reasoningTokens += reasoning;
    units.webSearches += counts.optional(usage, 'num_search_queries');
    addOther(units, 'citationTokens', citations);
    return;
  }
  const size = textIn(usage, 'search_context_size');
  if (size === 'low' || size === 'medium') counts.problems.push(`search_context_size ${size} is priced as high`);
}

/** Zero is what most say who have nothing of it. */
function addSound(units: UsageUnits, usage: JsonObject, counts: UsageCounts): void {
  if (usage['prompt_audio_seconds'] !== 0) {
    addOther(units, 'audioMilliseconds', counts.milliseconds(usage, 'prompt_audio_seconds') ?? 0);
  }
}

function addOther(units: UsageUnits, name: string, count: number): void {
  if (count > 0) units.other = { ...units.other, [name]: count };
}
