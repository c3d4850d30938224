/** How a client of each kind calls a gateway: code to paste, with this gateway's address in it. */

/** What is pasted into one kind of client. */
export interface Snippet {
  readonly label: string;
  readonly code: string;
}

export interface SnippetGateway {
  /** `https://HOST/v1/{account}/{gateway}`, which a provider follows */
  readonly endpointUrl: string;
  /** whether every call needs an API token of the account */
  readonly isAuthenticated: boolean;
}

const PROVIDERS = [
  ['OpenAI', 'openai'],
  ['Anthropic', 'anthropic'],
  ['Google AI Studio', 'google-ai-studio'],
  ['Azure OpenAI', 'azure-openai'],
  ['AWS Bedrock', 'aws-bedrock'],
  ['Google Vertex AI', 'google-vertex-ai'],
  ['Mistral', 'mistral'],
  ['Groq', 'groq'],
  ['DeepSeek', 'deepseek'],
  ['Cohere', 'cohere'],
  ['OpenRouter', 'openrouter'],
  ['xAI', 'grok'],
] as const;

export interface Endpoint {
  readonly name: string;
  readonly url: string;
}

/** The base URL for each of the usual providers; every other one has its slug in docs/providers.md. */
export const endpointsOf = (endpointUrl: string, hasDemo = false): Endpoint[] =>
  [...(hasDemo ? [['Demo', 'demo'] as const] : []), ...PROVIDERS].map(([name, slug]) => ({
    name,
    url: `${endpointUrl}/${slug}`,
  }));

/** Who answers what is pasted. */
export interface SnippetProvider {
  readonly slug: string;
  readonly label: string;
  readonly model: string;
  /** a key that does; null: one's own, which clients take from the environment */
  readonly key: string | null;
}

export const OPENAI: SnippetProvider = { slug: 'openai', label: 'OpenAI', model: 'gpt-4o-mini', key: null };
/** Served beside an instance that is no production: it needs no key, so that what is pasted works at once. */
export const DEMO: SnippetProvider = { slug: 'demo', label: 'Demo', model: 'demo-small', key: 'demo' };

const TOKEN_HEADER = 'cf-aig-authorization';
const TOKEN_VALUE = 'Bearer YOUR_TOLLGATE_TOKEN';

/** What all snippets of one gateway and provider are made of. */
interface Parts {
  readonly url: string;
  readonly model: string;
  /** a line with the key; nothing where the client finds one in the environment */
  readonly keyLine: (text: (key: string) => string) => string;
  /** what a shell, and a script, send as `authorization` */
  readonly shellKey: string;
  readonly scriptKey: string;
  /** a line that only an authenticated gateway needs */
  readonly tokenLine: (text: string) => string;
}

export function snippetsOf(
  { endpointUrl, isAuthenticated }: SnippetGateway,
  { slug, model, key }: SnippetProvider = OPENAI,
): Snippet[] {
  const parts: Parts = {
    url: `${endpointUrl}/${slug}`,
    model,
    keyLine: (text) => (key === null ? '' : text(key)),
    shellKey: `Bearer ${key ?? '$OPENAI_API_KEY'}`,
    scriptKey: key === null ? '`Bearer ${process.env.OPENAI_API_KEY}`' : `'Bearer ${key}'`,
    tokenLine: (text) => (isAuthenticated ? text : ''),
  };
  return [
    { label: 'curl', code: curlOf(parts) },
    { label: 'OpenAI Python', code: openaiPythonOf(parts) },
    { label: 'OpenAI JS', code: openaiJsOf(parts) },
    { label: 'fetch', code: fetchOf(parts) },
    { label: 'LangChain', code: langChainOf(parts) },
    // LlamaIndex knows OpenAI's models by name and refuses others; Claude Code wants Anthropic's.
    ...(slug === OPENAI.slug ? [{ label: 'LlamaIndex', code: llamaIndexOf(parts) }] : []),
    { label: 'Vercel AI SDK', code: vercelOf(parts) },
    ...(slug === OPENAI.slug
      ? [{ label: 'Claude Code', code: claudeCodeOf({ ...parts, url: `${endpointUrl}/anthropic` }) }]
      : []),
  ];
}

const curlOf = ({ url, model, shellKey, tokenLine }: Parts): string => `curl ${url}/chat/completions \\
  -H "authorization: ${shellKey}" \\
${tokenLine(`  -H "${TOKEN_HEADER}: ${TOKEN_VALUE}" \\\n`)}  -H 'content-type: application/json' \\
  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello"}]}'`;

const openaiPythonOf = ({ url, model, keyLine, tokenLine }: Parts): string => `from openai import OpenAI

client = OpenAI(
    base_url="${url}",
${keyLine((key) => `    api_key="${key}",\n`)}${tokenLine(`    default_headers={"${TOKEN_HEADER}": "${TOKEN_VALUE}"},\n`)})
answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`;

const openaiJsOf = ({ url, model, keyLine, tokenLine }: Parts): string => `import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: '${url}',
${keyLine((key) => `  apiKey: '${key}',\n`)}${tokenLine(`  defaultHeaders: { '${TOKEN_HEADER}': '${TOKEN_VALUE}' },\n`)}});
const answer = await client.chat.completions.create({
  model: '${model}',
  messages: [{ role: 'user', content: 'Hello' }],
});
console.log(answer.choices[0].message.content);`;

const fetchOf = ({
  url,
  model,
  scriptKey,
  tokenLine,
}: Parts): string => `const answer = await fetch('${url}/chat/completions', {
  method: 'POST',
  headers: {
    authorization: ${scriptKey},
${tokenLine(`    '${TOKEN_HEADER}': '${TOKEN_VALUE}',\n`)}    'content-type': 'application/json',
  },
  body: JSON.stringify({ model: '${model}', messages: [{ role: 'user', content: 'Hello' }] }),
});
console.log(await answer.json());`;

const langChainOf = ({ url, model, keyLine, tokenLine }: Parts): string => `from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    model="${model}",
    base_url="${url}",
${keyLine((key) => `    api_key="${key}",\n`)}${tokenLine(`    default_headers={"${TOKEN_HEADER}": "${TOKEN_VALUE}"},\n`)})
print(model.invoke("Hello").content)`;

const llamaIndexOf = ({ url, model, tokenLine }: Parts): string => `from llama_index.llms.openai import OpenAI

model = OpenAI(
    model="${model}",
    api_base="${url}",
${tokenLine(`    default_headers={"${TOKEN_HEADER}": "${TOKEN_VALUE}"},\n`)})
print(model.complete("Hello"))`;

const vercelOf = ({ url, model, keyLine, tokenLine }: Parts): string => `import { createOpenAI } from '@ai-sdk/openai';
import { generateText } from 'ai';

const openai = createOpenAI({
  baseURL: '${url}',
${keyLine((key) => `  apiKey: '${key}',\n`)}${tokenLine(`  headers: { '${TOKEN_HEADER}': '${TOKEN_VALUE}' },\n`)}});
const { text } = await generateText({ model: openai.chat('${model}'), prompt: 'Hello' });
console.log(text);`;

const claudeCodeOf = ({ url, tokenLine }: Parts): string => `export ANTHROPIC_BASE_URL=${url}
${tokenLine(`export ANTHROPIC_CUSTOM_HEADERS='${TOKEN_HEADER}: ${TOKEN_VALUE}'\n`)}claude`;
