/** The tables of docs/providers.md, from the rows of the table of providers and from the routes that they make. */
import type { ProviderFormat, ProviderRow } from '../../schema/contracts/provider-row.js';
import { PROVIDERS } from '../../schema/contracts/providers.js';
import type { Registry } from '../../proxy/providers/registry.js';

const METERED: Readonly<Record<ProviderFormat, string>> = {
  openai: 'chat completions, responses, embeddings, images, audio',
  'openai-copy': 'chat completions, responses, embeddings, images, audio',
  agent: 'agent runs',
  anthropic: 'messages',
  gemini: '`generateContent`, `embedContent`',
  bedrock: '`converse`, `invoke` and their streams',
  cohere: 'chat, generate, embed, rerank, classify',
  'workers-ai': '`run`',
  elevenlabs: 'speech (characters), transcription (ms)',
  cartesia: 'speech (characters), transcription (ms)',
  deepgram: 'speech (characters), transcription (ms)',
  fal: 'images',
  ideogram: 'images',
};

// the object has no other values
const rows = Object.entries(PROVIDERS) as readonly [string, ProviderRow][];

/** One line per provider: slug, base, where a stored key is sent and what it is bound to, what is metered. */
export function providerTable(registry: Registry): string {
  const lines = rows.map(([slug, row]) => {
    const metered = [...new Set(row.speaks.map((format) => METERED[format]))].join('; ');
    const target = row.targetFields.map((field) => `\`${field}\``).join(', ');
    return line([
      `\`${slug}\``,
      `\`${row.base}\``,
      authText(slug, row, registry),
      target,
      metered || '–',
      usageText(row),
    ]);
  });
  const head = ['Provider', 'Base', 'Stored key is sent in', 'Target', 'Metered', 'Usage of chat streams'];
  return [line(head), line(head.map(() => '---')), ...lines].join('\n');
}

/** One worked example per provider: what the client calls, and what the provider is called with. */
export function exampleTable(registry: Registry): string {
  const lines = rows.map(([slug, row]) => {
    const keyTarget = Object.fromEntries(row.targetFields.map((field) => [field, `my-${field}`]));
    const route = registry.find(slug)?.route({ path: row.example, headers: [], keyTarget });
    return line([`\`${slug}${row.example}\``, route === undefined ? '–' : `\`${route.origin}${route.path}\``]);
  });
  return [line(['Behind `…/v1/{account}/{gateway}/`', 'Goes to']), line(['---', '---']), ...lines].join('\n');
}

function authText(slug: string, { auth }: ProviderRow, registry: Registry): string {
  const form = registry.find(slug)?.credential;
  if (form?.kind === 'made') return 'made per call, see below';
  return `\`${auth.header}: ${auth.scheme}…\``;
}

function usageText({ speaks, takesStreamUsage }: ProviderRow): string {
  if (!speaks.includes('openai') && !speaks.includes('openai-copy')) return '';
  return takesStreamUsage ? 'asked for' : 'as it comes';
}

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
