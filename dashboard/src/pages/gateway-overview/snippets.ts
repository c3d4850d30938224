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
export const endpointsOf = (endpointUrl: string): Endpoint[] =>
  PROVIDERS.map(([name, slug]) => ({ name, url: `${endpointUrl}/${slug}` }));

const TOKEN_HEADER = 'cf-aig-authorization';
const TOKEN_VALUE = 'Bearer YOUR_TOLLGATE_TOKEN';

/** An indented line that only an authenticated gateway needs. */
const onlyIf = (isNeeded: boolean, text: string): string => (isNeeded ? text : '');

export function snippetsOf({ endpointUrl, isAuthenticated }: SnippetGateway): Snippet[] {
  const [openai, anthropic] = [`${endpointUrl}/openai`, `${endpointUrl}/anthropic`];
  const own = (text: string): string => onlyIf(isAuthenticated, text);
  return [
    { label: 'curl', code: curlOf(openai, own) },
    { label: 'OpenAI Python', code: openaiPythonOf(openai, own) },
    { label: 'OpenAI JS', code: openaiJsOf(openai, own) },
    { label: 'fetch', code: fetchOf(openai, own) },
    { label: 'LangChain', code: langChainOf(openai, own) },
    { label: 'LlamaIndex', code: llamaIndexOf(openai, own) },
    { label: 'Vercel AI SDK', code: vercelOf(openai, own) },
    { label: 'Claude Code', code: claudeCodeOf(anthropic, own) },
  ];
}

type Own = (text: string) => string;

const curlOf = (url: string, own: Own): string => `curl ${url}/chat/completions \\
  -H "authorization: Bearer $OPENAI_API_KEY" \\
${own(`  -H "${TOKEN_HEADER}: ${TOKEN_VALUE}" \\\n`)}  -H 'content-type: application/json' \\
  -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}'`;

const openaiPythonOf = (url: string, own: Own): string => `from openai import OpenAI

client = OpenAI(
    base_url="${url}",
${own(`    default_headers={"${TOKEN_HEADER}": "${TOKEN_VALUE}"},\n`)})
answer = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`;

const openaiJsOf = (url: string, own: Own): string => `import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: '${url}',
${own(`  defaultHeaders: { '${TOKEN_HEADER}': '${TOKEN_VALUE}' },\n`)}});
const answer = await client.chat.completions.create({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Hello' }],
});
console.log(answer.choices[0].message.content);`;

const fetchOf = (url: string, own: Own): string => `const answer = await fetch('${url}/chat/completions', {
  method: 'POST',
  headers: {
    authorization: \`Bearer \${process.env.OPENAI_API_KEY}\`,
${own(`    '${TOKEN_HEADER}': '${TOKEN_VALUE}',\n`)}    'content-type': 'application/json',
  },
  body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] }),
});
console.log(await answer.json());`;

const langChainOf = (url: string, own: Own): string => `from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    model="gpt-4o-mini",
    base_url="${url}",
${own(`    default_headers={"${TOKEN_HEADER}": "${TOKEN_VALUE}"},\n`)})
print(model.invoke("Hello").content)`;

const llamaIndexOf = (url: string, own: Own): string => `from llama_index.llms.openai import OpenAI

model = OpenAI(
    model="gpt-4o-mini",
    api_base="${url}",
${own(`    default_headers={"${TOKEN_HEADER}": "${TOKEN_VALUE}"},\n`)})
print(model.complete("Hello"))`;

const vercelOf = (url: string, own: Own): string => `import { createOpenAI } from '@ai-sdk/openai';
import { generateText } from 'ai';

const openai = createOpenAI({
  baseURL: '${url}',
${own(`  headers: { '${TOKEN_HEADER}': '${TOKEN_VALUE}' },\n`)}});
const { text } = await generateText({ model: openai.chat('gpt-4o-mini'), prompt: 'Hello' });
console.log(text);`;

const claudeCodeOf = (url: string, own: Own): string => `export ANTHROPIC_BASE_URL=${url}
${own(`export ANTHROPIC_CUSTOM_HEADERS='${TOKEN_HEADER}: ${TOKEN_VALUE}'\n`)}claude`;
