/** One rate limit rule: how many, in what time, of what. It goes into the list, which is saved with its card. */
import { useState } from 'react';
import { SelectField, TextField } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import type { RateLimitKey, RateLimitTechnique } from '../../gql/graphql.js';
import { numberProblem, type RateLimitRule } from './settings-form.js';

const LIMIT = { min: 1, max: 1_000_000_000 };
const INTERVAL = { min: 1, max: 2_592_000 };
const KEYS: readonly { readonly value: RateLimitKey; readonly label: string }[] = [
  { value: 'GATEWAY', label: 'All requests of the gateway' },
  { value: 'IP', label: 'Each client address' },
  { value: 'TOKEN', label: 'Each API token' },
  { value: 'HEADER', label: 'Each value of a header' },
  { value: 'METADATA', label: 'Each value of a metadata key' },
];
const TECHNIQUES: readonly { readonly value: RateLimitTechnique; readonly label: string }[] = [
  { value: 'SLIDING', label: 'Sliding: the time before each request' },
  { value: 'FIXED', label: 'Fixed: from one full interval to the next' },
];

interface RuleDialogProps {
  /** null: a new one */
  readonly rule: RateLimitRule | null;
  /** names of the other rules */
  readonly taken: readonly string[];
  readonly onSave: (rule: RateLimitRule) => void;
  readonly onClose: () => void;
}

export function RuleDialog({ rule, taken, onSave, onClose }: RuleDialogProps) {
  const [name, setName] = useState(rule?.name ?? '');
  const [limit, setLimit] = useState(rule === null ? '100' : String(rule.limit));
  const [interval, setInterval] = useState(rule === null ? '60' : String(rule.intervalSeconds));
  const [key, setKey] = useState(rule?.key ?? 'GATEWAY');
  const [keyName, setKeyName] = useState(rule?.keyName ?? '');
  const [technique, setTechnique] = useState(rule?.technique ?? 'SLIDING');
  const hasKeyName = key === 'HEADER' || key === 'METADATA';
  const problems = {
    name: taken.includes(name) ? 'Another rule is called so' : null,
    limit: numberProblem(limit, LIMIT),
    interval: numberProblem(interval, INTERVAL),
  };
  const isReady =
    name !== '' && Object.values(problems).every((problem) => problem === null) && (!hasKeyName || keyName !== '');
  return (
    <FormDialog
      title={rule === null ? 'Add rule' : 'Edit rule'}
      action="Keep rule"
      isReady={isReady}
      onSubmit={() =>
        onSave({
          name,
          limit: Number(limit),
          intervalSeconds: Number(interval),
          key,
          keyName: hasKeyName ? keyName : null,
          technique,
        })
      }
      onClose={onClose}
    >
      <TextField
        label="Name"
        hint="Told to clients that it refuses; at most 64 characters"
        value={name}
        onChange={setName}
        problem={problems.name}
        maxLength={64}
        autoComplete="off"
        autoFocus
        required
      />
      <div className="field-row">
        <TextField
          label="Requests"
          hint="1 to 1000000000"
          inputMode="numeric"
          value={limit}
          onChange={setLimit}
          problem={problems.limit}
        />
        <TextField
          label="In seconds"
          hint="1 to 2592000 (30 days)"
          inputMode="numeric"
          value={interval}
          onChange={setInterval}
          problem={problems.interval}
        />
      </div>
      <SelectField label="Counted for" value={key} options={KEYS} onChange={setKey} />
      {hasKeyName ? (
        <TextField
          label={key === 'HEADER' ? 'Header' : 'Metadata key'}
          hint="Requests without it count together"
          value={keyName}
          onChange={setKeyName}
          maxLength={128}
          autoComplete="off"
          required
        />
      ) : null}
      <SelectField label="Window" value={technique} options={TECHNIQUES} onChange={setTechnique} />
    </FormDialog>
  );
}
