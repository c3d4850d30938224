/** A part of a gateway's settings that is saved by itself, and the fields that such parts are made of. */
import type { ReactNode } from 'react';
import { Button } from '../../components/button.js';
import { SelectField, SwitchField, TextField, type SelectOption } from '../../components/field.js';
import { Notice } from '../../components/notice.js';
import { Section } from '../../components/section.js';
import { messageOf } from '../../request-error.js';
import type { SettingsDraft } from './settings-draft.js';
import type { FormField, NumberField, SettingsForm } from './settings-form.js';

interface SettingsCardProps {
  readonly title: string;
  readonly about: ReactNode;
  readonly draft: SettingsDraft;
  /** those that show their own problems */
  readonly names: readonly FormField[];
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function SettingsCard({ title, about, draft, names, actions, children }: SettingsCardProps) {
  return (
    <Section title={title} about={about} actions={actions}>
      <form
        className="stack"
        aria-label={title}
        onSubmit={(event) => {
          event.preventDefault();
          if (draft.isDirty && draft.isReady) draft.save();
        }}
      >
        {children}
        <Notice kind="problem" message={messageOf(draft.error, names.map(pathOf))} />
        {draft.conflict === null ? null : <Conflict draft={draft} version={draft.conflict} />}
        {draft.isDirty && draft.conflict === null ? (
          <div className="form-actions">
            <Button onClick={draft.discard}>Discard</Button>
            <Button type="submit" kind="primary" disabled={!draft.isReady} isBusy={draft.isBusy}>
              Save
            </Button>
          </div>
        ) : null}
      </form>
    </Section>
  );
}

/** Somebody was quicker: what he did is seen before it is undone. */
function Conflict({ draft, version }: { readonly draft: SettingsDraft; readonly version: number }) {
  return (
    <>
      <Notice
        kind="problem"
        message={`Somebody changed these settings meanwhile: the gateway is at version ${version} now. Yours are not saved.`}
      />
      <div className="form-actions">
        <Button onClick={draft.discard}>Show what they are now</Button>
        <Button kind="danger" onClick={() => draft.save(true)} isBusy={draft.isBusy}>
          Save mine over it
        </Button>
      </div>
    </>
  );
}

/** Where a field stands in the api's errors. */
export const pathOf = (name: FormField): string =>
  name === 'description' ? 'input.description' : `input.settings.${name}`;

interface SettingProps<Name extends FormField> {
  readonly draft: SettingsDraft;
  readonly name: Name;
  readonly label: string;
  readonly hint: string;
}

type FieldsOf<Value> = { [Name in FormField]: SettingsForm[Name] extends Value ? Name : never }[FormField];
type SwitchName = FieldsOf<boolean>;
type TextName = 'description' | 'egressProxyUrl' | NumberField;

export function SwitchSetting({ draft, name, label, hint }: SettingProps<SwitchName>) {
  return (
    <SwitchField
      label={label}
      hint={hint}
      isOn={draft.form[name]}
      isDisabled={!draft.canEdit}
      onChange={(isOn) => draft.set({ [name]: isOn })}
      error={draft.error}
      path={pathOf(name)}
    />
  );
}

export function TextSetting({
  draft,
  name,
  label,
  hint,
  placeholder,
}: SettingProps<TextName> & { readonly placeholder?: string }) {
  const isNumber = name !== 'description' && name !== 'egressProxyUrl';
  const problem = draft.problem(name);
  return (
    <TextField
      label={label}
      hint={hint}
      value={draft.form[name]}
      disabled={!draft.canEdit}
      onChange={(text) => draft.set({ [name]: text })}
      error={draft.error}
      path={pathOf(name)}
      autoComplete="off"
      {...(problem === null ? {} : { problem })}
      {...(isNumber ? { inputMode: 'numeric' } : {})}
      {...(placeholder === undefined ? {} : { placeholder })}
    />
  );
}

export function SelectSetting<Value extends string>({
  draft,
  name,
  label,
  hint,
  options,
}: SettingProps<'logRetentionDays' | 'retryBackoff'> & { readonly options: readonly SelectOption<Value>[] }) {
  const value = options.find((option) => option.value === draft.form[name])?.value ?? options[0]?.value;
  if (value === undefined) return null;
  return (
    <SelectField
      label={label}
      hint={hint}
      value={value}
      options={options}
      disabled={!draft.canEdit}
      onChange={(chosen) => draft.set({ [name]: chosen })}
      error={draft.error}
      path={pathOf(name)}
    />
  );
}
