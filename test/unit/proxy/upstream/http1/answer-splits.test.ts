/**
 * However the network cuts an answer into pieces, and whatever becomes of a piece once it was pushed, it is the same
 * answer.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mutatedAnswers, validAnswers } from '../../../../support/generated-answers.js';
import { parsed, ParsedAnswer } from '../../../../support/parsed-answer.js';
import { propertyRuns } from '../../../../support/test-size.js';

/** `text` in pieces that end at `ends`, then the end of the connection. `push` writes over each of them afterwards. */
function inPieces(text: string, isHeadRequest: boolean, ends: readonly number[]): ParsedAnswer {
  const answer = new ParsedAnswer(isHeadRequest);
  let from = 0;
  for (const end of [...ends, text.length].sort((a, b) => a - b)) {
    if (end > from) answer.push(text.slice(from, end));
    from = Math.max(from, end);
  }
  return answer.close();
}

const ends = (text: string): fc.Arbitrary<number[]> => fc.array(fc.nat(text.length), { maxLength: 12 });

test('a valid answer is read as it was written', () => {
  fc.assert(
    fc.property(validAnswers, ({ text, isHeadRequest, status, headers, body, endsByClosing }) => {
      const answer = parsed(text, { isHeadRequest });
      expect(answer).toMatchObject({
        status,
        body,
        error: null,
        isReusable: endsByClosing ? null : expect.any(Boolean),
      });
      expect(answer.answerHead?.headers).toEqual(headers);
    }),
    propertyRuns,
  );
});

test('no cut changes what comes of a valid answer, not even one behind every byte', () => {
  fc.assert(
    fc.property(
      validAnswers.chain((answer) => fc.tuple(fc.constant(answer), ends(answer.text))),
      ([answer, cuts]) => {
        const { text, isHeadRequest } = answer;
        const { outcome } = parsed(text, { isHeadRequest, isClosed: true });
        expect(inPieces(text, isHeadRequest, cuts).outcome).toEqual(outcome);
        expect(
          inPieces(
            text,
            isHeadRequest,
            Array.from(text, (_, i) => i),
          ).outcome,
        ).toEqual(outcome);
      },
    ),
    propertyRuns,
  );
});

test('no cut changes what comes of an answer that is broken, nor the error', () => {
  fc.assert(
    fc.property(
      mutatedAnswers.chain((answer) => fc.tuple(fc.constant(answer), ends(answer.text))),
      ([answer, cuts]) => {
        const { text, isHeadRequest } = answer;
        expect(inPieces(text, isHeadRequest, cuts).outcome).toEqual(
          parsed(text, { isHeadRequest, isClosed: true }).outcome,
        );
      },
    ),
    propertyRuns,
  );
});
