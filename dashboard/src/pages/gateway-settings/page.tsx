/** All that can be set of a gateway: its settings, its provider keys, how they came to be, and its end. */
import { PageHead } from '../../components/page-head.js';
import { Segments } from '../../components/segments.js';
import { useUrlState } from '../../url-state.js';
import { GatewayHistory } from './history.js';
import { ProviderKeys } from './provider-keys.js';
import { SettingsForms } from './settings-forms.js';

const PARTS = [
  { value: 'settings', label: 'Settings' },
  { value: 'keys', label: 'Provider keys' },
  { value: 'history', label: 'History' },
] as const;

export function GatewaySettingsPage() {
  const url = useUrlState();
  const part = PARTS.find(({ value }) => value === url.get('part'))?.value ?? 'settings';
  return (
    <>
      <PageHead
        title="Settings"
        about="They act on the next request: no proxy is restarted."
        actions={
          <Segments
            label="Part"
            segments={PARTS}
            value={part}
            onChange={(chosen) =>
              url.set({ part: chosen === 'settings' ? null : chosen, after: null, version: null, against: null })
            }
          />
        }
      />
      {part === 'settings' ? <SettingsForms /> : part === 'keys' ? <ProviderKeys /> : <GatewayHistory />}
    </>
  );
}
