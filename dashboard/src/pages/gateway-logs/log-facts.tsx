/** What else is known of a log: its metadata, and the names that it goes by. */
import type { ReactNode } from 'react';
import { Button } from '../../components/button.js';
import { CopyButton } from '../../components/copy-button.js';
import { errorText } from '../../error-codes.js';
import { useUrlState } from '../../url-state.js';
import type { LogDetail } from './log-drawer.js';
import { members, written } from './conversation/read.js';
import { withMetadata } from './log-filters.js';

export function LogMetadata({ metadata }: { readonly metadata: unknown }) {
  const url = useUrlState();
  const entries = Object.entries(members(metadata));
  if (entries.length === 0) return null;
  return (
    <section>
      <h3>Metadata</h3>
      <dl className="facts">
        {entries.map(([key, value]) => (
          <Fact key={key} name={key}>
            <bdi>{written(value)}</bdi>{' '}
            <Button
              kind="quiet"
              icon="filter"
              aria-label={`Logs with ${key} = ${written(value)}`}
              title="Logs with this"
              data-icon-only=""
              onClick={() =>
                url.set({ metadata: withMetadata(url.all('metadata'), key, written(value)), log: null, after: null })
              }
            />
          </Fact>
        ))}
      </dl>
    </section>
  );
}

export function LogFacts({ log }: { readonly log: LogDetail }) {
  const { apiToken } = log;
  return (
    <section>
      <h3>Details</h3>
      <dl className="facts">
        <Fact name="Log id">
          <code>{log.id}</code> <CopyButton text={log.id} label="Copy log id" />
        </Fact>
        {log.eventId === log.id ? null : (
          <Fact name="Event id">
            <bdi>{log.eventId}</bdi> <CopyButton text={log.eventId} label="Copy event id" />
          </Fact>
        )}
        <Fact name="Path">
          <code>
            <bdi>{log.path}</bdi>
          </code>
        </Fact>
        {log.errorCode === null ? null : <Fact name="Error code">{errorText(log.errorCode)}</Fact>}
        <Fact name="API token">
          {apiToken === null ? (
            'none'
          ) : (
            <bdi>
              {apiToken.name} ({apiToken.prefix}…)
            </bdi>
          )}
        </Fact>
        <Fact name="Gateway’s version">{log.configVersion}</Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="fact">
      <dt>
        <bdi>{name}</bdi>
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
