/** Boxes to tick, any number of them, under one name. */
import { useId, type ReactNode } from 'react';
import { problemOf } from '../request-error.js';

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly hint?: ReactNode;
}

export interface ChoicesProps<Value extends string> {
  readonly label: string;
  readonly choices: readonly Choice<Value>[];
  readonly chosen: readonly Value[];
  readonly onChange: (chosen: readonly Value[]) => void;
  /** the error of a mutation, shown here when it is about `path` */
  readonly error?: unknown;
  readonly path?: string;
}

export function Choices<Value extends string>(props: ChoicesProps<Value>) {
  const { label, choices, chosen, onChange, error, path } = props;
  const id = useId();
  const problem = path === undefined ? null : problemOf(error, path);
  return (
    <fieldset className={problem === null ? 'choices' : 'choices has-problem'}>
      <legend>{label}</legend>
      {choices.map(({ value, label: text, hint }, index) => (
        <label key={value} className="choice" htmlFor={`${id}-${index}`}>
          <input
            id={`${id}-${index}`}
            type="checkbox"
            checked={chosen.includes(value)}
            aria-describedby={hint === undefined ? undefined : `${id}-${index}-note`}
            onChange={(event) =>
              onChange(event.currentTarget.checked ? [...chosen, value] : chosen.filter((each) => each !== value))
            }
          />
          <span>
            {text}
            {hint === undefined ? null : (
              <span id={`${id}-${index}-note`} className="field-note">
                {hint}
              </span>
            )}
          </span>
        </label>
      ))}
      {problem === null ? null : (
        <p className="field-note" aria-live="polite">
          {problem}
        </p>
      )}
    </fieldset>
  );
}
