/**
 * An operator's import of prices: read, held against the list in force, told, and stored as a new version, or not at
 * all.
 */
import { badInput, conflict } from '../../errors.js';
import { parseInput } from '../../input.js';
import { storableText } from '../../text-input.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import { BUILT_IN_SOURCE, builtInPrices } from './built-in-prices.js';
import { readExactJson } from './exact-json.js';
import { readLitellmDocument } from './litellm-document.js';
import type { PriceCandidates } from './price-candidate.js';
import { priceDifferences, type PriceDifference } from './price-differences.js';
import type { PriceListService } from './price-list.service.js';
import { mergedPrices, type ImportMode } from './price-merge.js';
import { readTollgateDocument } from './tollgate-document.js';

export const PRICE_FORMATS = ['BUILT_IN', 'TOLLGATE', 'LITELLM'] as const;
export type PriceFormat = (typeof PRICE_FORMATS)[number];

export interface PriceImportRequest {
  readonly format: PriceFormat;
  /** the text of a document; none for the prices of the build */
  readonly document: string | null;
  readonly mode: ImportMode;
  /** where the document is from, for the list's row; null: the format's name */
  readonly source: string | null;
  readonly dryRun: boolean;
  /** for the list's row */
  readonly importedBy: string;
}

export interface PriceImportReport {
  /** of the list in force afterwards; 0: there is none */
  readonly version: number;
  readonly models: number;
  readonly differences: readonly PriceDifference[];
  readonly ignored: readonly string[];
  readonly rounded: readonly string[];
}

const SOURCE = storableText.trim().min(1, 'must not be empty').max(256, 'must be at most 256 characters');

export class PriceImportService {
  constructor(
    private readonly lists: PriceListService,
    private readonly isDemo: boolean,
  ) {}

  /** Throws BAD_USER_INPUT under `input` with the path of the first entry that cannot be used. */
  async import(request: PriceImportRequest): Promise<PriceImportReport> {
    const candidates = this.read(request);
    assertUnique(candidates);
    const name =
      request.source === null ? sourceOf(request.format) : parseInput(SOURCE, request.source, 'input.source');
    let report: Omit<PriceImportReport, 'version'> | null = null;
    try {
      const version = await this.lists.store(async (_newest, inForce) => {
        const before = await inForce();
        const prices = mergedPrices(before, candidates.prices, request.mode);
        const { ignored, rounded } = candidates;
        report = { models: prices.length, differences: priceDifferences(before, prices), ignored, rounded };
        const isPlainBuild = request.format === 'BUILT_IN' && request.mode === 'REPLACE';
        return request.dryRun ? null : { name, prices, importedBy: isPlainBuild ? null : request.importedBy };
      });
      if (report === null) throw new Error('a price list was stored without having been made');
      return { ...(report as Omit<PriceImportReport, 'version'>), version }; // assigned above, in the callback
    } catch (error) {
      if (!isUniqueViolation(error, 'price_list_pkey')) throw error;
      throw conflict('Another price list was imported at the same time. Nothing was imported.');
    }
  }

  private read({ format, document }: PriceImportRequest): PriceCandidates {
    if (format === 'BUILT_IN') {
      if (document !== null) throw badInput('input.document', 'must be absent: the prices of the build are imported');
      return { prices: builtInPrices(this.isDemo), ignored: [], rounded: [] };
    }
    if (document === null) throw badInput('input.document', 'must be given');
    const read = readExactJson(document);
    if ('problem' in read) throw badInput('input.document', read.problem);
    const reader = format === 'LITELLM' ? readLitellmDocument : readTollgateDocument;
    return reader(read.value, 'input.document');
  }
}

const sourceOf = (format: PriceFormat): string => (format === 'BUILT_IN' ? BUILT_IN_SOURCE : format.toLowerCase());

function assertUnique({ prices }: PriceCandidates): void {
  const seen = new Set<string>();
  for (const [index, { provider, model }] of prices.entries()) {
    const name = `${provider}/${model}`;
    if (seen.has(name)) throw badInput(`input.document.models.${index}`, `${name} is there twice`);
    seen.add(name);
  }
}
