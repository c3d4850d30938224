/**
 * Messages that graphql-js writes itself. They quote what was sent, and a secret may be among it: a field forgotten
 * beside it, or a wrong type, and the whole input would stand in an error.
 */

/** `Variable "$input" got invalid value {…} at "input.x"; problem`; the value may hold anything. */
const COERCION = /^Variable "\$(\w+)" got invalid value [^]*$/;
/** Only the kinds of problem that name the schema and no value are passed on. */
const HARMLESS =
  /(?:Field "\w+" of required type "[\w![\]]+" was not provided|Field "\w+" is not defined by type "\w+"|Expected non-nullable type "[\w![\]]+" not to be null)\.(?: Did you mean (?:"\w+"|[, ]|or )+\?)?$/;
/** What the scalars of `api/scalars` say; there is no value in it. */
const OWN_SCALAR =
  /must be (?:an integer as a string|a decimal number as a string, with at most 12 fraction digits|a day as 2026-11-28)$/;
/** `String cannot represent a non string value: 12` · `found String "x"` · `Expected value of type "ID!", found {…}` */
const QUOTED_VALUE = /(cannot represent [^:]*|, found \w*)[^]*$/;

/** `Value "x" does not exist in "Permission" enum. Did you mean …?` */
const ENUM_VALUE = /Value "[^]*" does not exist in "(\w+)" enum[^]*$/;
const NOT_IN_ENUM = 'The value does not exist in "$1" enum.';

/** The same message without what the caller sent. */
export function withoutValues(message: string): string {
  const coercion = COERCION.exec(message);
  if (coercion === null) {
    return message
      .replace(ENUM_VALUE, NOT_IN_ENUM)
      .replace(QUOTED_VALUE, (_all, before: string) => `${before.trimEnd()}.`);
  }
  const enumProblem = ENUM_VALUE.exec(message)?.[0].replace(ENUM_VALUE, NOT_IN_ENUM);
  const problem =
    HARMLESS.exec(message)?.[0] ??
    OWN_SCALAR.exec(message)?.[0] ??
    enumProblem ??
    'It is not of the type that the schema declares.';
  const { field } = coercedField(message);
  return `Variable "$${coercion[1]}" got an invalid value${field === undefined ? '' : ` at "${field}"`}; ${problem}`;
}

/** In production nobody is told names that he does not know. */
export const withoutSuggestions = (message: string): string => message.replace(/ Did you mean [^?]*\?/g, '');

/** graphql-js says where a variable's value is wrong only inside its message: `… at "input.settings.x"; …`. */
export function coercedField(message: string): { field?: string } {
  const match = /^Variable "\$(\w+)" got invalid value [^]*? at "([\w.[\]]+)"; /.exec(message);
  return match?.[2] === undefined ? {} : { field: match[2].replaceAll(/\[(\d+)\]/g, '.$1') };
}
