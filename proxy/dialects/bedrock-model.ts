/**
 * What a model of Bedrock's runtime goes by: it stands in the path (`…/model/{model}/converse`), never in the answer.
 */

const MODEL_IN_PATH = /(?:^|\/)model\/([^/]+)\/[^/]+$/;
/** What an ARN calls a model; ARNs of an account's own profiles, prompts and routers name none. */
const MODEL_IN_ARN = /^arn:.*[:/](?:inference-profile|foundation-model)\/(.+)$/;

/** The model that an id or an ARN names; null when it names none that has a price. */
export function modelOfId(id: string): string | null {
  return id.startsWith('arn:') ? (MODEL_IN_ARN.exec(id)?.[1] ?? null) : id;
}

/** The model in a runtime path. The guard has decoded every segment once: what cannot be decoded never comes here. */
export function bedrockModel(path: string): string | null {
  const named = MODEL_IN_PATH.exec(path)?.[1];
  return named === undefined ? null : modelOfId(decoded(named));
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
