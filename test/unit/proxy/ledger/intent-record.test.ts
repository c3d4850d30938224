import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CUT_NOTE, intentRecord, writtenIntent } from '../../../../proxy/ledger/intent-record.js';
import { anyText } from '../../../support/any-text.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import { intentOf } from '../../../support/ledger.js';
import { propertyRuns } from '../../../support/test-size.js';
import { noUnits } from '../../../../schema/contracts/usage-units.js';

test('a request that is cut by the end of its process has the record that its intent tells, whatever its texts are', () => {
  const texts = fc.option(anyText({ maxLength: 12 }));
  fc.assert(
    fc.property(
      fc.tuple(texts, texts, texts, texts),
      fc.dictionary(fc.string(), fc.oneof(anyText({ maxLength: 6 }), fc.boolean(), fc.integer()), {
        noNullPrototype: true,
      }),
      fc.option(fc.bigInt(0n, 2n ** 62n)),
      fc.nat(),
      ([model, path, userAgent, clientIp], metadata, costPico, inputTokens) => {
        const told = {
          ...EMPTY_RECORD,
          model,
          path: path ?? '',
          userAgent,
          clientIp,
          metadata,
          costPico,
          units: { ...noUnits(), inputTokens, other: { characters: 3 } },
        };
        const cut = intentRecord(writtenIntent(intentOf(told)));
        const [attempt] = cut.attempts;
        expect({ ...cut, attempts: [] }).toEqual({
          ...told,
          statusCode: 500,
          interrupted: true,
          durationMs: 0,
          usageNote: CUT_NOTE,
          attempts: [],
        });
        expect(attempt).toMatchObject({ model, costPico, units: told.units, statusCode: null });
      },
    ),
    propertyRuns,
  );
});
