/** A caller of the management REST for tests: sends a request and says what the answer must be. */
import { expect } from '@jest/globals';

interface Envelope {
  readonly success: boolean;
  readonly errors: readonly {
    readonly code: number;
    readonly message: string;
    readonly source?: { readonly pointer: string };
  }[];
  readonly messages: readonly unknown[];
  readonly result: unknown;
  readonly result_info?: Readonly<Record<string, number | null>>;
}

export interface RestReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** the result of an answer that went well */
  expectResult<T = Readonly<Record<string, unknown>>>(): T;
  /** the numbers of a page, of an answer that went well */
  expectInfo(): Readonly<Record<string, number | null>>;
  /** the message of a refusal, which must have this status and code and, when given, name this field first */
  expectRefusal(status: number, code: number, field?: string): string;
}

export type RestCaller = (method: string, path: string, body?: unknown) => Promise<RestReply>;

/** `account`: its tag or name; `token`: sent as a bearer token, null: nothing is. A text is sent as it is, as JSON. */
export function restCaller(
  url: string,
  account: string,
  token: string | null,
  headers: Readonly<Record<string, string>> = {},
): RestCaller {
  const base = `${url}/client/v4/accounts/${encodeURIComponent(account)}/ai-gateway`;
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  return async (method, path, body) => {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(base + path, { method, headers: { ...authorization, ...type, ...headers }, ...sent });
    return reply(response, await response.text());
  };
}

function reply(response: Response, text: string): RestReply {
  const envelope = (): Envelope => JSON.parse(text) as Envelope; // the protocol's shape
  const succeeded = (): Envelope => {
    expect({ status: response.status, text }).toMatchObject({ status: 200 });
    const parsed = envelope();
    expect(parsed).toMatchObject({ success: true, errors: [], messages: [] });
    return parsed;
  };
  return {
    status: response.status,
    headers: response.headers,
    text,
    expectResult: <T>() => succeeded().result as T, // the test says what it asked for
    expectInfo: () => succeeded().result_info ?? {},
    expectRefusal(status, code, field) {
      const { success, errors, messages, result } = envelope();
      const [error, ...others] = errors;
      expect({ status: response.status, code: error?.code, success, messages, result, others }).toEqual({
        status,
        code,
        success: false,
        messages: [],
        result: null,
        others: [],
      });
      if (field !== undefined) {
        expect(error?.message.split(' ')[0]).toBe(field);
        expect(error?.source?.pointer).toBe(`/${field.replaceAll('.', '/')}`);
      }
      return error?.message ?? '';
    },
  };
}
