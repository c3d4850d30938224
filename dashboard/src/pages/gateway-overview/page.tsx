/** A gateway at a glance. */
import { CodeBlock } from '../../components/code-block.js';
import { PageHead } from '../../components/page-head.js';
import { useGateway } from '../../shell/gateway.js';

export function GatewayOverviewPage() {
  const { name, description, endpointUrl } = useGateway();
  return (
    <>
      <PageHead title={name} about={description ?? undefined} />
      <section className="card stack">
        <h2>Endpoint</h2>
        <p>Give this base URL to your client, followed by a provider.</p>
        <CodeBlock code={endpointUrl} label="Copy the endpoint" />
      </section>
    </>
  );
}
