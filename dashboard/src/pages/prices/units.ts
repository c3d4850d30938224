/** Units that a price may be for (schema/contracts/usage-units.ts; a test holds them against it). */
export const PRICED_UNITS = [
  'inputTokens', 'outputTokens', 'cachedInputTokens', 'cacheWriteTokens', 'cacheWrite1hTokens', 'reasoningTokens',
  'audioInputTokens', 'audioOutputTokens', 'imageInputTokens', 'imageOutputTokens', 'requests', 'webSearches',
  'audioMilliseconds', 'characters', 'citationTokens', 'classifications', 'codeExecutions', 'documentSearches',
  'fileSearches', 'images', 'milliNeurons', 'pages', 'searchSources', 'searchUnits',
] as const; // prettier-ignore

/** `cachedInputTokens` → `cached input tokens`. */
export const unitText = (unit: string): string =>
  unit
    .replace(/1h/, ' 1 h')
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/ {2,}/g, ' ');
