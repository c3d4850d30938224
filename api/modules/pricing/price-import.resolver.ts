import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { ImportPriceListInput, PriceListImport } from './price-import.inputs.js';
import type { PriceImportReport, PriceImportService } from './price-import.service.js';

const SHOWN_MAX = 500;

@Resolver()
export class PriceImportResolver {
  constructor(private readonly imports: PriceImportService) {}

  /** Makes a new price list for the whole instance; records that exist keep their cost. For the operator. */
  @Mutation(() => PriceListImport)
  @Authorized('priceList.import')
  async importPriceList(
    @Arg('input', () => ImportPriceListInput) input: ImportPriceListInput,
    @Ctx() { access }: ApiContext,
  ): Promise<PriceListImport> {
    const { document = null, source = null, ...rest } = input;
    return shown(await this.imports.import({ ...rest, document, source, importedBy: access.actorName }), input.dryRun);
  }
}

function shown(
  { version, models, differences, ignored, rounded }: PriceImportReport,
  dryRun: boolean,
): PriceListImport {
  const count = (kind: string): number => differences.filter((difference) => difference.kind === kind).length;
  return {
    dryRun,
    version: version === 0 ? null : version,
    models,
    added: count('ADDED'),
    removed: count('REMOVED'),
    changed: count('CHANGED'),
    differences: differences.slice(0, SHOWN_MAX).map(({ rates, ...rest }) => ({ ...rest, rates: [...rates] })),
    ignored: ignored.slice(0, SHOWN_MAX),
    rounded: rounded.slice(0, SHOWN_MAX),
  };
}
