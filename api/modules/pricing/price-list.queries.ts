/** Reads of the price list in force. It is the instance's, and public facts: no account's data is near it. */
import { z } from 'zod';
import { usdPerMillion } from '../../../schema/contracts/decimal.js';
import { modelPriceSchema, type ModelMatch, type PriceRule } from '../../../schema/contracts/prices.js';
import { compileRule } from '../../../schema/contracts/pricing/compiled-rule.js';
import { parseInput } from '../../input.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { Database } from '../../tenancy/database.js';
import { plainText } from '../../text-input.js';
import type { ListedPrice, ListedPriceRule, ListedRate, PriceListInForce } from './price-list.types.js';

const NEWEST_SQL = `
  SELECT l.version, l.source, l.origin, l.imported_at AS "importedAt" FROM price_list l ORDER BY l.version DESC LIMIT 1`;

/** By the primary key, in its order; a list has some thousand models. */
const PAGE_SQL = `
  SELECT m.provider, m.model, m.match, m.rules FROM model_price m
  WHERE m.version = $1 AND ($2::text IS NULL OR m.provider = $2)
    AND ($3::text IS NULL OR position(lower($3) IN lower(m.model)) > 0 OR position(lower($3) IN m.provider) > 0)
    AND ($4::text IS NULL OR (m.provider, m.model) > ($4, $5))
  ORDER BY m.provider, m.model LIMIT $6`;

const searchSchema = z.object({ provider: plainText.nullable(), search: plainText.nullable() });
const positionSchema = z.tuple([z.string(), z.string()]);

export interface ListedPricesRequest extends PageRequest {
  readonly provider: string | null;
  /** a part of either name */
  readonly search: string | null;
}

type Named = Pick<ListedPrice, 'provider' | 'model'>;

export class PriceListQueries {
  constructor(private readonly database: Database) {}

  /** null: none was stored yet. */
  async inForce(): Promise<PriceListInForce | null> {
    const [list = null] = await this.database.inLookup(
      {},
      (tx) => tx.query<PriceListInForce>(NEWEST_SQL, []), // the columns that it names
    );
    return list;
  }

  /** By provider and model. `after` is what `positionOf` made of the row before. */
  async page(
    version: number,
    request: ListedPricesRequest,
    cursorOf: (row: Named) => string,
  ): Promise<Page<ListedPrice>> {
    const { provider, search } = parseInput(searchSchema, request, '');
    const [afterProvider, afterModel] =
      request.after === null ? [null, null] : positionSchema.parse(JSON.parse(request.after));
    const parameters = [version, provider, search, afterProvider, afterModel, request.first + 1];
    const rows = await this.database.inLookup({}, (tx) => tx.query(PAGE_SQL, parameters));
    return pageOf(
      rows.map((row) => listed(modelPriceSchema.parse(row))),
      request,
      cursorOf,
    );
  }
}

/** Where a row stands in the list. */
export const positionOf = ({ provider, model }: Named): string => JSON.stringify([provider, model]);

const listed = ({ provider, model, match, rules }: ReturnType<typeof modelPriceSchema.parse>): ListedPrice => ({
  provider,
  model,
  match: matchText(match),
  rules: rules.map(listedRule),
});

function listedRule(rule: PriceRule): ListedPriceRule {
  const rates = Object.entries(rule.rates).map(([unit, rate]): ListedRate => {
    if (typeof rate === 'string') return { unit, usdPerMillion: usdPerMillion(rate), steps: [] };
    const steps = rate.tiers.map(({ start, price }) => ({
      aboveInputTokens: BigInt(start),
      usdPerMillion: usdPerMillion(price),
    }));
    return { unit, usdPerMillion: usdPerMillion(rate.base), steps };
  });
  return { condition: compileRule('', rule).name.slice(1) || null, rates };
}

/** In words; parts of `and` that are alternatives stand in brackets. */
function matchText(match: ModelMatch): string {
  if ('equals' in match) return `is ${match.equals}`;
  if ('starts_with' in match) return `begins with ${match.starts_with}`;
  if ('ends_with' in match) return `ends with ${match.ends_with}`;
  if ('contains' in match) return `contains ${match.contains}`;
  if ('regex' in match) return `matches ${match.regex}`;
  if ('or' in match) return match.or.map(matchText).join(' or ');
  return match.and.map((part) => ('or' in part ? `(${matchText(part)})` : matchText(part))).join(' and ');
}
