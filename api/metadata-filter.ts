/** Metadata in filters: a key, alone or with a value, of one and the same entry. */
import { Field, InputType } from 'type-graphql';
import { z } from 'zod';
import { anyOf, plainText } from './text-input.js';

/**
 * An entry of a request's metadata: this key, with this value when one is given. Numbers and booleans match as text.
 */
@InputType()
export class MetadataFilter {
  @Field(() => String) key: string;
  @Field(() => String, { nullable: true }) value?: string | null;
}

/** All of them must be there. */
export const metadataFilters = anyOf(z.object({ key: plainText, value: plainText.nullish() }));
export type CheckedMetadata = NonNullable<z.infer<typeof metadataFilters>>[number];
