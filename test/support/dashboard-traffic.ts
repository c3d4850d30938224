/** Requests through a dashboard's proxy, which are there once their records are. */
import { answerEvents, answerJson, chatCompletion, chatEvents, type Answer } from './fake-upstream.js';
import type { TestDashboard } from './dashboard.js';
import { waitFor } from './wait-for.js';

export interface SentChat {
  readonly model?: string;
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly isStreaming?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** what the provider says; by default a completion of 1000 tokens in and 100 out */
  readonly answer?: Answer;
  /** a token of Tollgate's; absent: none is sent */
  readonly token?: string;
}

export interface DashboardTraffic {
  readonly gatewayId: string;
  readonly base: string;
  /** the id of its log */
  send(chat?: SentChat): Promise<string>;
  /** until all that was sent has its record */
  settled(): Promise<void>;
}

/** A gateway of the dashboard's account. */
export async function dashboardTraffic(
  { tenant, proxy, upstream, api }: TestDashboard,
  name: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<DashboardTraffic> {
  const gatewayId = await tenant.gateway(name, settings);
  const base = `${proxy.url}/v1/${tenant.tag}/${name}`;
  const ids: string[] = [];
  return {
    gatewayId,
    base,
    async send(chat = {}) {
      const isStreaming = chat.isStreaming === true;
      upstream.answer =
        chat.answer ??
        (isStreaming
          ? answerEvents(chatEvents(['Hello ', 'there'], true))
          : answerJson(200, chatCompletion(chat.model === undefined ? {} : { model: chat.model })));
      const response = await fetch(`${base}/openai/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer sk-test',
          ...(chat.token === undefined ? {} : { 'cf-aig-authorization': `Bearer ${chat.token}` }),
          ...chat.headers,
        },
        body: JSON.stringify({
          model: chat.model ?? 'gpt-4o-mini',
          messages: chat.messages ?? [{ role: 'user', content: 'Hello' }],
          ...(isStreaming ? { stream: true, stream_options: { include_usage: true } } : {}),
        }),
      });
      await response.text();
      const id = response.headers.get('cf-aig-log-id') ?? '';
      ids.push(id);
      return id;
    },
    async settled() {
      await waitFor(async () => {
        const { rows } = await api.owner.query('SELECT 1 FROM usage_record WHERE id = ANY($1)', [ids]);
        return rows.length === ids.length;
      }, 'every request has its record');
    },
  };
}
