/** The rules of a gateway's rate limits: added, edited, moved and removed, and saved together. */
import { useState } from 'react';
import { Button, IconButton } from '../../components/button.js';
import { problemOf } from '../../request-error.js';
import { Notice } from '../../components/notice.js';
import { RuleDialog } from './rule-dialog.js';
import { pathOf, SettingsCard } from './settings-card.js';
import { useSettingsDraft, type LoadedGateway } from './settings-draft.js';
import { moved, ruleText, RULES_MAX, type FormField, type RateLimitRule } from './settings-form.js';

const NAMES: readonly FormField[] = ['rateLimits'];

export function RateLimits({ gateway }: { readonly gateway: LoadedGateway }) {
  const draft = useSettingsDraft(gateway, NAMES);
  const rules = draft.form.rateLimits;
  /** its place; the one after the last: a new rule; null: none is being edited */
  const [edited, setEdited] = useState<number | null>(null);
  const set = (rateLimits: readonly RateLimitRule[]): void => draft.set({ rateLimits });
  const add = (
    <Button icon="plus" disabled={rules.length >= RULES_MAX} onClick={() => setEdited(rules.length)}>
      Add rule
    </Button>
  );
  return (
    <>
      <SettingsCard
        title="Rate limits"
        about="A request must be within every rule, or is answered with 429. Answers from the cache count too."
        draft={draft}
        names={NAMES}
        actions={draft.canEdit ? add : null}
      >
        <RuleList rules={rules} canEdit={draft.canEdit} onChange={set} onEdit={setEdited} />
        <Notice kind="problem" message={problemOf(draft.error, pathOf('rateLimits'))} />
      </SettingsCard>
      {edited === null ? null : (
        <RuleDialog
          rule={rules[edited] ?? null}
          taken={rules.filter((_, index) => index !== edited).map(({ name }) => name)}
          onSave={(rule) => {
            set(edited < rules.length ? rules.with(edited, rule) : [...rules, rule]);
            setEdited(null);
          }}
          onClose={() => setEdited(null)}
        />
      )}
    </>
  );
}

interface RuleListProps {
  readonly rules: readonly RateLimitRule[];
  readonly canEdit: boolean;
  readonly onChange: (rules: readonly RateLimitRule[]) => void;
  readonly onEdit: (index: number) => void;
}

function RuleList({ rules, canEdit, onChange, onEdit }: RuleListProps) {
  if (rules.length === 0) return <p className="muted">No rules: as many requests as come.</p>;
  return (
    <ol className="rules">
      {rules.map((rule, index) => (
        <li key={rule.name} className="rule">
          <div className="rule-text">
            <strong>{rule.name}</strong>
            <span className="muted">{ruleText(rule)}</span>
          </div>
          {canEdit ? (
            <div className="rule-actions">
              <IconButton
                icon="chevronUp"
                label={`Move ${rule.name} up`}
                disabled={index === 0}
                onClick={() => onChange(moved(rules, index, -1))}
              />
              <IconButton
                icon="chevronDown"
                label={`Move ${rule.name} down`}
                disabled={index === rules.length - 1}
                onClick={() => onChange(moved(rules, index, 1))}
              />
              <Button kind="quiet" aria-label={`Edit ${rule.name}`} onClick={() => onEdit(index)}>
                Edit
              </Button>
              <IconButton
                icon="trash"
                label={`Remove ${rule.name}`}
                onClick={() => onChange(rules.toSpliced(index, 1))}
              />
            </div>
          ) : null}
        </li>
      ))}
    </ol>
  );
}
