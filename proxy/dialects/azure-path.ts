/**
 * Azure OpenAI's paths as clients write them, `{resource}/{deployment}/…` or `{resource}/openai/…`, read for OpenAI's.
 */

/** Resource, and the v1 API or a deployment. */
const BEFORE_OPENAI_PATH = /^[^/]+\/(?:openai\/v1|openai\/deployments\/[^/]+|[^/]+)\//;
const V1 = /^[^/]+\/openai\/v1\//;
const API_VERSION = /[?&]api-version=(\d{4}-\d{2}-\d{2})/;
/** "stream_options & include_usage added" (learn.microsoft.com, Azure OpenAI API preview lifecycle, 2026-11-24). */
const STREAM_USAGE_SINCE = '2024-09-01';

/** What of the path OpenAI itself would be asked: `chat/completions`. `path` has no leading slash. */
export const withoutDeployment = (path: string): string => path.replace(BEFORE_OPENAI_PATH, '');

/** Whether the API version that is asked for knows the wish for a stream's usage: an older one refuses the request. */
export function takesAzureStreamUsage(path: string, query: string): boolean {
  if (V1.test(path)) return true;
  const version = API_VERSION.exec(query)?.[1];
  return version !== undefined && version >= STREAM_USAGE_SINCE;
}
