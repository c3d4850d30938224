/**
 * A value that must not be seen. Whatever prints, logs or serialises it gets `[secret]`; only `reveal` gives the value,
 * so that a search for that word finds every place where a credential leaves its wrapping.
 */
import { inspect } from 'node:util';

const SHOWN = '[secret]';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself: for what is sent, never for what is kept or told. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
