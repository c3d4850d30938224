/**
 * What is being changed of a gateway's settings, one card at a time. It is sent with the version that it began from, so
 * that nobody's change is undone unseen; a change of other cards, one's own among them, is none of this one.
 */
import { useState } from 'react';
import { useToast } from '../../components/toast.js';
import { UpdateGatewayDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { RequestError } from '../../request-error.js';
import {
  fieldProblem,
  formOf,
  inputOf,
  isSame,
  leftAfter,
  type FormField,
  type GatewaySettings,
  type SettingsForm,
} from './settings-form.js';

/** A gateway as this page asks for it. */
export interface LoadedGateway {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly configVersion: number;
  readonly settings: GatewaySettings;
  /** whether the viewer may change it */
  readonly canEdit: boolean;
  /** asks for it anew */
  readonly refetch: () => Promise<unknown>;
}

export interface SettingsDraft {
  readonly form: SettingsForm;
  readonly canEdit: boolean;
  readonly isDirty: boolean;
  readonly isReady: boolean;
  readonly isBusy: boolean;
  readonly error: Error | null;
  /** the version that somebody made meanwhile; null: nobody did */
  readonly conflict: number | null;
  readonly problem: (name: FormField) => string | null;
  readonly set: (changes: Partial<SettingsForm>) => void;
  /** `overTheirs`: whatever was changed meanwhile */
  readonly save: (overTheirs?: boolean) => void;
  readonly discard: () => void;
}

interface Begun {
  readonly base: SettingsForm;
  readonly version: number;
  readonly changes: Partial<SettingsForm>;
}

/** What was typed while `saved` was on its way begins from it; null: nothing was. */
function goneOn(before: Begun | null, saved: SettingsForm, version: number): Begun | null {
  const changes = leftAfter(saved, before?.changes ?? {});
  return Object.keys(changes).length === 0 ? null : { base: saved, version, changes };
}

export function useSettingsDraft(gateway: LoadedGateway, names: readonly FormField[]): SettingsDraft {
  const say = useToast();
  const current = formOf(gateway.settings, gateway.description);
  const [begun, setBegun] = useState<Begun | null>(null);
  const update = useChange(UpdateGatewayDocument, ({ updateGateway }) => {
    say(`Saved: version ${updateGateway.configVersion}`);
  });
  const form = { ...current, ...begun?.changes };
  const isDirty = begun !== null && !isSame(names, form, current);
  // as long as this card's own fields are what they were, the newest version is the one to change
  const version = begun === null || isSame(names, begun.base, current) ? gateway.configVersion : begun.version;
  const isConflict = update.error instanceof RequestError && update.error.code === 'CONFLICT';
  const discard = (): void => {
    update.reset();
    setBegun(null);
  };
  return {
    form,
    canEdit: gateway.canEdit,
    isDirty,
    isReady: names.every((name) => fieldProblem(name, form) === null),
    isBusy: update.isPending,
    error: isConflict ? null : update.error,
    conflict: isConflict ? gateway.configVersion : null,
    problem: (name) => fieldProblem(name, form),
    set: (changes) =>
      setBegun((before) => ({
        base: before?.base ?? current,
        version: before?.version ?? gateway.configVersion,
        changes: { ...before?.changes, ...changes },
      })),
    save: (overTheirs = false) =>
      update.mutate(
        {
          input: {
            id: gateway.id,
            ifVersion: overTheirs ? gateway.configVersion : version,
            ...inputOf(names, form),
          },
        },
        {
          onSuccess: ({ updateGateway }) => setBegun((before) => goneOn(before, form, updateGateway.configVersion)),
          onError: () => void gateway.refetch(),
        },
      ),
    discard,
  };
}
