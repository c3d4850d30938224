/** Texts and lists of them as callers send them. */
import { z } from 'zod';
import { isUuid } from '../schema/contracts/ids.js';

const VALUES_MAX = 100;

/** Text that Postgres can hold, in a column or in JSON. */
export const storableText = z
  .string()
  .refine((text) => !/[\0\p{Surrogate}]/u.test(text), 'must not contain NUL or half a surrogate pair');

export const plainText = storableText.max(1_024, 'must be at most 1024 characters');

/** A list of alternatives; absent: any. */
export const anyOf = <T extends z.ZodType>(schema: T) =>
  z.array(schema).max(VALUES_MAX, `must be at most ${VALUES_MAX} values`).nullish();

/** Ids as alternatives. One that is no id of anything matches nothing, as one of somebody else's does. */
export const anyOfIds = anyOf(z.string()).transform((ids) => ids?.filter(isUuid) ?? null);
