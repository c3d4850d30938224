/** The gateway's address for each provider, and code that calls it. */
import { CodeTabs } from '../../components/code-block.js';
import { CopyButton } from '../../components/copy-button.js';
import { endpointsOf, snippetsOf, type SnippetGateway } from './snippets.js';

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
  return (
    <div className="how-to-call">
      <section className="card stack" aria-label="Snippets">
        <h2>Call it</h2>
        {gateway.isAuthenticated ? (
          <p>This gateway wants an API token of the account in every call, beside the provider&rsquo;s own key.</p>
        ) : (
          <p>Only the base URL changes: your provider&rsquo;s key goes where it always went.</p>
        )}
        <CodeTabs label="Clients" tabs={snippetsOf(gateway)} />
      </section>
      <section className="card stack" aria-label="Endpoints">
        <h2>Endpoints</h2>
        <p>The base URL of each provider, which its own path follows.</p>
        <ul className="endpoints">
          {endpointsOf(gateway.endpointUrl).map(({ name, url }) => (
            <li key={name}>
              <span>{name}</span>
              <code title={url}>{url}</code>
              <CopyButton text={url} label={`Copy the endpoint of ${name}`} />
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
