import { Field, ID, InputType } from 'type-graphql';
import { z } from 'zod';
import { storableText } from '../../text-input.js';

type Optional<T> = T | null | undefined;

@InputType()
export class DescribedHeaderInput {
  @Field(() => String) name: string;
  @Field(() => String) value: string;
}

/**
 * A request as it would be sent to the gateway. Bodies are as large as the GraphQL request that describes them may be.
 */
@InputType()
export class ExplainRequestInput {
  @Field(() => ID) gatewayId: string;
  /** the slug behind the gateway's name; null: a universal request, whose body names the steps */
  @Field(() => String, { nullable: true }) provider?: Optional<string>;
  @Field(() => String, { defaultValue: 'POST' }) method: string;
  /** behind the provider's slug, with its query */
  @Field(() => String, { defaultValue: '' }) path: string;
  /** all that mean something: what clients add by themselves (`accept`, …) may be part of the cache key */
  @Field(() => [DescribedHeaderInput], { defaultValue: [] }) headers: DescribedHeaderInput[];
  /** text, sent as UTF-8 */
  @Field(() => String, { defaultValue: '' }) body: string;
  /** the API token that it carries, in place of its secret in `cf-aig-authorization` */
  @Field(() => ID, { nullable: true }) apiTokenId?: Optional<string>;
  /** where it comes from; absent: an address that is not known, which is in no network */
  @Field(() => String, { nullable: true }) clientIp?: Optional<string>;
}

const HEADERS_MAX = 100;
/** What a proxy reads of a head. */
const HEAD_CHARACTERS_MAX = 16_384;

const headersSchema = z
  .array(z.object({ name: z.string(), value: z.string() }))
  .max(HEADERS_MAX, `must be at most ${HEADERS_MAX}`)
  .refine(
    (headers) => headers.reduce((sum, { name, value }) => sum + name.length + value.length, 0) <= HEAD_CHARACTERS_MAX,
    `must have at most ${HEAD_CHARACTERS_MAX} characters in all`,
  );

export const describedRequestInputSchema = z
  .object({
    provider: storableText.max(256, 'must be at most 256 characters').nullish(),
    method: z.string().regex(/^[A-Za-z]{1,16}$/, 'must be a method of HTTP'),
    path: z.string().max(8_192, 'must be at most 8192 characters'),
    headers: headersSchema,
    body: z.string(),
    apiTokenId: z.string().nullish(),
    clientIp: z.union([z.ipv4(), z.ipv6()], 'must be an IP address').nullish(),
  })
  .refine(({ apiTokenId, headers }) => (apiTokenId ?? null) === null || !headers.some(isAuthorization), {
    path: ['apiTokenId'],
    message: 'and a cf-aig-authorization among the headers exclude each other',
  });

const isAuthorization = ({ name }: { readonly name: string }): boolean => name.toLowerCase() === 'cf-aig-authorization';
