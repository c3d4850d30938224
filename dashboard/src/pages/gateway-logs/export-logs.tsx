/** The logs of the list as a file. */
import { useEffect, useRef, useState } from 'react';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { SelectField, SwitchField } from '../../components/field.js';
import { Notice } from '../../components/notice.js';
import { useToast } from '../../components/toast.js';
import { download } from '../../download.js';
import type { LogFilter } from '../../gql/graphql.js';
import { messageOf } from '../../request-error.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';

const FORMATS = [
  { value: 'CSV', label: 'CSV, for spreadsheets' },
  { value: 'NDJSON', label: 'NDJSON, one JSON object a line' },
] as const;
type Format = (typeof FORMATS)[number]['value'];

export function ExportLogs({ filter: given, onClose }: { readonly filter: LogFilter; readonly onClose: () => void }) {
  const [filter] = useState(given); // of the moment at which it was opened: the list goes on
  const account = useAccount();
  const gateway = useGateway();
  const say = useToast();
  const [format, setFormat] = useState<Format>('CSV');
  const [hasBodies, setHasBodies] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setIsBusy] = useState(false);
  const leaving = useRef(new AbortController());
  useEffect(() => {
    const left = (leaving.current = new AbortController());
    return () => left.abort();
  }, []);
  const send = async (): Promise<void> => {
    const { signal } = leaving.current;
    setIsBusy(true);
    setError(null);
    try {
      const body = { gatewayId: gateway.id, filter, format, direction: 'DESC', bodies: hasBodies };
      const name = `${gateway.name}-logs.${format === 'CSV' ? 'csv' : 'ndjson'}`;
      await download({ path: '/logs/export', body, name, signal });
      say('Exported');
      onClose();
    } catch (failure) {
      if (!signal.aborted) setError(failure);
    }
    setIsBusy(false);
  };
  return (
    <Dialog title="Export logs" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p>All logs of the chosen range that match the filters, newest first.</p>
        <SelectField label="Format" value={format} options={FORMATS} onChange={setFormat} />
        {account.can('AI_GATEWAY_LOG_BODIES') ? (
          <SwitchField
            label="With requests and responses"
            hint="Their texts, as far as they are kept: a much larger file"
            isOn={hasBodies}
            onChange={setHasBodies}
          />
        ) : null}
        <Notice kind="problem" message={messageOf(error)} />
        <div className="modal-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" icon="download" isBusy={isBusy}>
            Export
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
