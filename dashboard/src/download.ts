/**
 * Files that the api makes: kept by the browser as they come (a large Blob is on its disk), and given to the user when
 * they are whole. One that breaks off is told as a failure: it is not the file.
 */
import { RequestError } from './request-error.js';
import { resultOf, type GraphqlAnswer } from './request.js';

export interface Download {
  /** of the api: `/logs/export` */
  readonly path: string;
  readonly body: unknown;
  /** what the file is called */
  readonly name: string;
  readonly signal: AbortSignal;
}

/** Throws RequestError: what the api said, or UNREACHABLE when it broke off. */
export async function download({ path, body, name, signal }: Download): Promise<void> {
  const url = URL.createObjectURL(await blobOf(path, body, signal));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKED_AFTER_MS);
}

/** The browser has taken it up by then. */
const REVOKED_AFTER_MS = 60_000;

async function blobOf(path: string, body: unknown, signal: AbortSignal): Promise<Blob> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    if (response.ok) return await response.blob();
  } catch (error) {
    if (signal.aborted) throw error;
    throw new RequestError('The export broke off: what came of it was thrown away.', { code: 'UNREACHABLE' });
  }
  const refused: unknown = await response.json().catch(() => null);
  if (refused !== null) resultOf(refused as GraphqlAnswer<never>); // refusals have GraphQL's form
  throw new RequestError('The export was refused.', { code: 'INTERNAL' });
}
