/** Parses what a caller sent by a zod schema; the first problem becomes BAD_USER_INPUT with the path of its field. */
import type { z } from 'zod';
import { badInput } from './errors.js';

/** `field` is where `value` stands in the operation's arguments, e.g. `input.settings`. */
export function parseInput<T>(schema: z.ZodType<T>, value: unknown, field: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [field, ...(issue?.path ?? []).map(String)].filter((part) => part !== '').join('.');
  throw badInput(path, issue?.message ?? 'cannot be used');
}

/** Whether a caller sent it: null and absence are the same where nothing tells them apart. */
export const isGiven = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;
