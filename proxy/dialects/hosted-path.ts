/** The paths of clouds that host others' models, read for the format that is spoken beneath them. */

const BEDROCK_SERVICE = /^bedrock-(?:runtime|mantle)\/[^/]+\//;
const BEDROCK_CLAUDE = /^model\/[^/]*anthropic\.[^/]*\/invoke(?:-with-response-stream)?$/;
const BEDROCK_CONVERSE = /^model\/[^/]+\/converse(?:-stream)?$/;
const BEDROCK_INVOKE = /^model\/[^/]+\/invoke(?:-with-response-stream)?$/;
const BEDROCK_COUNT = /^model\/[^/]+\/count-tokens$/;
const VERTEX_OPENAI = /^v1(?:beta1)?\/projects\/[^/]+\/locations\/[^/]+\/endpoints\/openapi\//;
const VERTEX_CLAUDE_COUNT = /\/publishers\/anthropic\/models\/count-tokens:rawPredict$/;
const VERTEX_CLAUDE = /\/publishers\/anthropic\/models\/[^/]+:(?:rawPredict|streamRawPredict)$/;

/** What of the path the service itself is asked: `model/{model}/converse`, `anthropic/v1/messages`. */
export const withoutBedrockService = (path: string): string => path.replace(BEDROCK_SERVICE, '');

/** Whether it is Claude in Anthropic's own format, and not Converse. */
export const isBedrockClaude = (servicePath: string): boolean => BEDROCK_CLAUDE.test(servicePath);

export const isBedrockConverse = (servicePath: string): boolean => BEDROCK_CONVERSE.test(servicePath);
export const isBedrockInvoke = (servicePath: string): boolean => BEDROCK_INVOKE.test(servicePath);
export const isBedrockCount = (servicePath: string): boolean => BEDROCK_COUNT.test(servicePath);

/** What of the path OpenAI itself would be asked; null: it is no copy of OpenAI's API. */
export function vertexOpenAiPath(path: string): string | null {
  return VERTEX_OPENAI.test(path) ? path.replace(VERTEX_OPENAI, '') : null;
}

export const isVertexClaude = (path: string): boolean => VERTEX_CLAUDE.test(path);

/** Whether Claude's tokens are only counted: `count-tokens` stands where the model would. */
export const isVertexClaudeCount = (path: string): boolean => VERTEX_CLAUDE_COUNT.test(path);
