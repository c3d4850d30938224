/** A labelled control with its hint and what is wrong with it. */
import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from 'react';
import { problemOf } from '../request-error.js';
import { classes } from './classes.js';
import { Icon } from './icon.js';

export interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  /** what is wrong, as far as the page knows by itself; null: nothing */
  readonly problem?: string | null;
  /** the error of a mutation, shown here when it is about `path` */
  readonly error?: unknown;
  /** where the argument stands, as the api's errors name it: `input.name` */
  readonly path?: string;
}

interface Described {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean | undefined;
}

/** For controls of a page's own; `TextField`, `TextAreaField`, `SelectField` and `SwitchField` are made of it. */
export function Field({ children, ...props }: FieldProps & { readonly children: (control: Described) => ReactNode }) {
  const id = useId();
  const { label, hint } = props;
  const problem = props.problem ?? (props.path === undefined ? null : problemOf(props.error, props.path));
  const hasNote = problem !== null || hint !== undefined;
  return (
    <div className={classes('field', problem !== null && 'has-problem')}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': hasNote ? `${id}-note` : undefined,
        'aria-invalid': problem === null ? undefined : true,
      })}
      {hasNote ? (
        <p id={`${id}-note`} className="field-note" aria-live="polite">
          {problem ?? hint}
        </p>
      ) : null}
    </div>
  );
}

type Control<Attributes> = FieldProps &
  Omit<Attributes, 'onChange' | 'value' | 'id' | 'className'> & {
    readonly value: string;
    readonly onChange: (value: string) => void;
  };

export function TextField(props: Control<InputHTMLAttributes<HTMLInputElement>>) {
  const { label, hint, problem, error, path, onChange, ...rest } = props;
  return (
    <Field {...fieldProps({ label, hint, problem, error, path })}>
      {(control) => (
        <input {...rest} {...control} className="input" onChange={(event) => onChange(event.currentTarget.value)} />
      )}
    </Field>
  );
}

export function TextAreaField(props: Control<TextareaHTMLAttributes<HTMLTextAreaElement>>) {
  const { label, hint, problem, error, path, onChange, ...rest } = props;
  return (
    <Field {...fieldProps({ label, hint, problem, error, path })}>
      {(control) => (
        <textarea {...rest} {...control} className="input" onChange={(event) => onChange(event.currentTarget.value)} />
      )}
    </Field>
  );
}

export interface SelectOption<Value extends string> {
  readonly value: Value;
  readonly label: string;
}

interface SelectProps<Value extends string> extends Omit<
  SelectHTMLAttributes<HTMLSelectElement>,
  'onChange' | 'value' | 'id' | 'className'
> {
  readonly value: Value;
  readonly options: readonly SelectOption<Value>[];
  readonly onChange: (value: Value) => void;
}

/** The control alone, where a label would be in the way: give it an `aria-label`. */
export function Select<Value extends string>({ value, options, onChange, ...rest }: SelectProps<Value>) {
  return (
    <span className="select">
      <select
        {...rest}
        value={value}
        onChange={(event) => {
          const chosen = options.find((option) => option.value === event.currentTarget.value);
          if (chosen !== undefined) onChange(chosen.value);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <Icon name="chevronDown" />
    </span>
  );
}

export function SelectField<Value extends string>(props: FieldProps & SelectProps<Value>) {
  const { label, hint, problem, error, path, ...rest } = props;
  return (
    <Field {...fieldProps({ label, hint, problem, error, path })}>
      {(control) => <Select {...rest} {...control} />}
    </Field>
  );
}

interface SwitchFieldProps extends FieldProps {
  readonly isOn: boolean;
  readonly isDisabled?: boolean;
  readonly onChange: (isOn: boolean) => void;
}

/** On or off, with the label beside it. */
export function SwitchField({ isOn, isDisabled = false, onChange, ...props }: SwitchFieldProps) {
  return (
    <div className="switch-field">
      <Field {...props}>
        {(control) => (
          <input
            {...control}
            type="checkbox"
            role="switch"
            className="switch"
            checked={isOn}
            disabled={isDisabled}
            onChange={(event) => onChange(event.currentTarget.checked)}
          />
        )}
      </Field>
    </div>
  );
}

/** Without the properties that are undefined, which optional ones may not be. */
function fieldProps(given: { readonly [Name in keyof FieldProps]: FieldProps[Name] | undefined }): FieldProps {
  const { label = '', hint, problem, error, path } = given;
  return {
    label,
    error,
    ...(hint === undefined ? {} : { hint }),
    ...(problem === undefined ? {} : { problem }),
    ...(path === undefined ? {} : { path }),
  };
}
