/** Every field of a gateway's settings, with its meaning and its bounds. */
import { Answer } from '../../components/answer.js';
import { Notice } from '../../components/notice.js';
import { GatewaySettingsDocument } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { DangerZone } from './danger-zone.js';
import { PurgeCache } from './purge-cache.js';
import { RateLimits } from './rate-limits.js';
import { SelectSetting, SettingsCard, SwitchSetting, TextSetting } from './settings-card.js';
import { useSettingsDraft, type LoadedGateway } from './settings-draft.js';
import { RETENTION_DAYS, type FormField } from './settings-form.js';

export function SettingsForms() {
  const account = useAccount();
  const { name } = useGateway();
  const loaded = useOperation(GatewaySettingsDocument, { account: account.name, gateway: name });
  const canEdit = account.can('AI_GATEWAY_EDIT');
  return (
    <Answer of={loaded} rows={12}>
      {({ account: found }) => {
        if (found?.gateway === null || found?.gateway === undefined) return null;
        const gateway = { ...found.gateway, canEdit, refetch: loaded.refetch };
        return (
          <div className="stack settings">
            <Notice kind="info" message={canEdit ? null : 'You may look at these settings, and not change them.'} />
            <Description gateway={gateway} />
            <Authentication gateway={gateway} />
            <Caching gateway={gateway} />
            <RateLimits gateway={gateway} />
            <Retries gateway={gateway} />
            <Logging gateway={gateway} />
            <Egress gateway={gateway} />
            {canEdit ? <DangerZone gateway={gateway} /> : null}
          </div>
        );
      }}
    </Answer>
  );
}

interface PartProps {
  readonly gateway: LoadedGateway;
}

const DESCRIPTION: readonly FormField[] = ['description'];
function Description({ gateway }: PartProps) {
  const draft = useSettingsDraft(gateway, DESCRIPTION);
  return (
    <SettingsCard
      title="General"
      about={`The name ${gateway.name} stands in its URL, and stays as it is.`}
      draft={draft}
      names={DESCRIPTION}
    >
      <TextSetting draft={draft} name="description" label="Description" hint="At most 1024 characters" />
    </SettingsCard>
  );
}

const AUTHENTICATION: readonly FormField[] = ['authentication', 'byokOnly'];
function Authentication({ gateway }: PartProps) {
  const draft = useSettingsDraft(gateway, AUTHENTICATION);
  return (
    <SettingsCard title="Authentication" about="Who may send requests." draft={draft} names={AUTHENTICATION}>
      <SwitchSetting
        draft={draft}
        name="authentication"
        label="Require an API token"
        hint="Every request needs a token with the permission to run, in cf-aig-authorization; others get 401. Off: the base URL alone is enough, with the client's own provider key."
      />
      <SwitchSetting
        draft={draft}
        name="byokOnly"
        label="Only with a stored key"
        hint="A request that brings no credential of its own and has no stored key is refused (400, code 2040), rather than sent without one."
      />
    </SettingsCard>
  );
}

const CACHING: readonly FormField[] = ['cacheTtlSeconds', 'cacheInvalidateOnUpdate', 'coalesceIdentical'];
function Caching({ gateway }: PartProps) {
  const draft = useSettingsDraft(gateway, CACHING);
  return (
    <SettingsCard
      title="Caching"
      about="The same request is answered again without asking the provider."
      draft={draft}
      names={CACHING}
      actions={draft.canEdit ? <PurgeCache gatewayId={gateway.id} /> : null}
    >
      <TextSetting
        draft={draft}
        name="cacheTtlSeconds"
        label="Time to live, in seconds"
        hint="0 is off; from 60 to 2592000 (30 days). A request may ask for another by cf-aig-cache-ttl."
      />
      <SwitchSetting
        draft={draft}
        name="cacheInvalidateOnUpdate"
        label="Empty the cache when settings change"
        hint="Otherwise cached answers outlive a change of this gateway."
      />
      <SwitchSetting
        draft={draft}
        name="coalesceIdentical"
        label="One call for identical requests"
        hint="Identical requests that run at the same time share one call to the provider, with a cache or without."
      />
    </SettingsCard>
  );
}

const RETRIES: readonly FormField[] = [
  'retryMaxAttempts',
  'retryDelayMs',
  'retryBackoff',
  'retryWhenSent',
  'requestTimeoutMs',
];
const BACKOFFS = [
  { value: 'CONSTANT', label: 'Constant: always the delay' },
  { value: 'LINEAR', label: 'Linear: once, twice, three times the delay' },
  { value: 'EXPONENTIAL', label: 'Exponential: the delay doubles each time' },
] as const;

function Retries({ gateway }: PartProps) {
  const draft = useSettingsDraft(gateway, RETRIES);
  return (
    <SettingsCard
      title="Retries and time-outs"
      about="What becomes of a call that the provider does not answer, or answers with 408, 429 or 5xx."
      draft={draft}
      names={RETRIES}
    >
      <div className="field-row">
        <TextSetting draft={draft} name="retryMaxAttempts" label="Tries in all" hint="1 to 5; 1 is no retry" />
        <TextSetting draft={draft} name="retryDelayMs" label="Delay, in ms" hint="0 to 60000, and up to 25 % more" />
        <TextSetting
          draft={draft}
          name="requestTimeoutMs"
          label="Time to the first byte, in ms"
          hint="100 to 600000 for each try; empty: the instance's own"
          placeholder="120000"
        />
      </div>
      <SelectSetting
        draft={draft}
        name="retryBackoff"
        label="Back-off"
        hint="At most 60 s between two tries; a longer Retry-After of the provider wins"
        options={BACKOFFS}
      />
      <SwitchSetting
        draft={draft}
        name="retryWhenSent"
        label="Retry what was sent whole"
        hint="Also when the provider is silent after it had the whole request: it may then do, and bill, the work twice."
      />
    </SettingsCard>
  );
}

const LOGGING: readonly FormField[] = ['collectLogs', 'collectLogPayload', 'logRetentionDays', 'injectStreamUsage'];
const RETENTIONS = RETENTION_DAYS.map((days) => ({ value: days, label: days === '1' ? '1 day' : `${days} days` }));

function Logging({ gateway }: PartProps) {
  const draft = useSettingsDraft(gateway, LOGGING);
  return (
    <SettingsCard
      title="Logging and retention"
      about="Usage and cost are recorded whatever is chosen here."
      draft={draft}
      names={LOGGING}
    >
      <SwitchSetting
        draft={draft}
        name="collectLogs"
        label="Collect logs"
        hint="Requests stand in the logs. A request may ask otherwise by cf-aig-collect-log."
      />
      <SwitchSetting
        draft={draft}
        name="collectLogPayload"
        label="Keep prompts and answers"
        hint="Both bodies are kept with the log, for those who may read them."
      />
      <SelectSetting
        draft={draft}
        name="logRetentionDays"
        label="Kept for"
        hint="Of requests from now on: those that are there keep their time"
        options={RETENTIONS}
      />
      <SwitchSetting
        draft={draft}
        name="injectStreamUsage"
        label="Ask for usage of streams"
        hint="OpenAI-style streams are asked to tell their tokens, and the extra chunk is taken out again. Off: their cost is estimated."
      />
    </SettingsCard>
  );
}

const EGRESS: readonly FormField[] = ['egressProxyUrl'];
function Egress({ gateway }: PartProps) {
  const draft = useSettingsDraft(gateway, EGRESS);
  return (
    <SettingsCard title="Egress" about="The way out to the providers." draft={draft} names={EGRESS}>
      <TextSetting
        draft={draft}
        name="egressProxyUrl"
        label="Proxy URL"
        hint="http://, https:// or socks5://, with user and password where it wants them; they are not shown again. Empty: the instance's own way."
        placeholder="https://user:password@proxy.example.com:8443"
      />
    </SettingsCard>
  );
}
