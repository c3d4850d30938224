/** The gateway's address for each provider, and code that calls it. */
import { useState } from 'react';
import { CodeTabs } from '../../components/code-block.js';
import { CopyButton } from '../../components/copy-button.js';
import { Segments } from '../../components/segments.js';
import { DemoEndpointDocument } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { DEMO, endpointsOf, OPENAI, snippetsOf, type SnippetGateway, type SnippetProvider } from './snippets.js';

/** A gateway that nobody has called: what to paste. The page asks on, and shows the request as soon as there is one. */
export function FirstRequest({ gateway }: { readonly gateway: SnippetGateway }) {
  return (
    <>
      <section className="empty-state" aria-live="polite">
        <p className="waiting">
          <span className="waiting-dot" aria-hidden="true" />
          Waiting for your first request
        </p>
        <div className="empty-state-body">
          <p>Paste one of these into your terminal or code: the request appears here by itself.</p>
        </div>
      </section>
      <HowToCall gateway={gateway} />
    </>
  );
}

export function HowToCall({ gateway }: { readonly gateway: SnippetGateway }) {
  const demo = useDemo();
  const [chosen, setChosen] = useState<string | null>(null);
  const { name } = useGateway();
  const providers = demo ? [OPENAI, DEMO] : [OPENAI];
  // what the gateway of the first minute is for
  const slug = chosen ?? (name === DEMO.slug ? DEMO.slug : OPENAI.slug);
  const provider = providers.find((each) => each.slug === slug) ?? OPENAI;
  const endpoints = endpointsOf(gateway.endpointUrl, demo);
  return (
    <div className="how-to-call">
      <section className="card stack" aria-label="Snippets">
        <div className="section-head">
          <h2>Call it</h2>
          {demo ? (
            <Segments
              label="Provider"
              segments={providers.map(({ slug: value, label }) => ({ value, label }))}
              value={provider.slug}
              onChange={setChosen}
            />
          ) : null}
        </div>
        <p>{howOf(gateway, provider)}</p>
        <CodeTabs key={provider.slug} label="Clients" tabs={snippetsOf(gateway, provider)} />
      </section>
      <section className="card stack" aria-label="Endpoints">
        <h2>Endpoints</h2>
        <p>The base URL of each provider, which its own path follows.</p>
        <ul className="endpoints">
          {endpoints.map((endpoint) => (
            <li key={endpoint.name}>
              <span>{endpoint.name}</span>
              <code title={endpoint.url}>{endpoint.url}</code>
              <CopyButton text={endpoint.url} label={`Copy the endpoint of ${endpoint.name}`} />
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function howOf({ isAuthenticated }: SnippetGateway, { key }: SnippetProvider): string {
  if (isAuthenticated) {
    return 'This gateway wants an API token of the account in every call, beside the provider’s own key.';
  }
  return key === null
    ? 'Only the base URL changes: your provider’s key goes where it always went.'
    : 'The demo provider answers on this machine: no key, no cost. Paste it as it is.';
}

/** Whether the instance serves the demo provider: an api that does not knows no address for it, and says so. */
function useDemo(): boolean {
  const account = useAccount();
  const gateway = useGateway();
  const asked = useOperation(DemoEndpointDocument, { account: account.name, gateway: gateway.name });
  return asked.data?.account?.gateway?.endpointUrl !== undefined;
}
