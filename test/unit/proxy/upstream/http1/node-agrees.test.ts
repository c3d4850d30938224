/**
 * Our parser against the one in Node (llhttp, strict). Each may refuse what the other takes, and none reads otherwise
 * what both take: a difference in where an answer ends is what response smuggling lives from.
 */
import { ClientRequest, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mutatedAnswers, validAnswers } from '../../../../support/generated-answers.js';
import { parsed } from '../../../../support/parsed-answer.js';
import { propertyRuns } from '../../../../support/test-size.js';

interface NodesReading {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

/**
 * What Node's client makes of `text`, after which the connection ends; null: it refuses it, or waits for more of it.
 */
function readByNode(text: string, isHeadRequest: boolean): Promise<NodesReading | null> {
  const wire = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  return new Promise((resolve) => {
    // the types want a socket, of which Node uses nothing here that a stream has not
    const createConnection = (): Socket => wire as Socket;
    const request = new ClientRequest({ method: isHeadRequest ? 'HEAD' : 'GET', createConnection });
    const finish = (reading: NodesReading | null): void => {
      wire.destroy();
      resolve(reading);
    };
    request.on('error', () => finish(null)).on('upgrade', () => finish(null));
    request.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => finish(null));
      response.on('end', () =>
        finish({
          status: response.statusCode ?? 0,
          headers: response.rawHeaders,
          body: Buffer.concat(chunks).toString('latin1'),
        }),
      );
    });
    request.on('finish', () => {
      wire.push(Buffer.from(text, 'latin1'));
      wire.push(null);
    });
    request.end();
  });
}

test('Node reads every valid answer as we do: status, headers and body', async () => {
  await fc.assert(
    fc.asyncProperty(validAnswers, async ({ text, isHeadRequest }) => {
      const ours = parsed(text, { isHeadRequest, isClosed: true });
      const nodes = await readByNode(text, isHeadRequest);
      expect(nodes).toEqual({ status: ours.status, headers: ours.answerHead?.headers, body: ours.body });
    }),
    propertyRuns,
  );
});

test('of answers with changed bytes, those that both take are read alike', async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(mutatedAnswers, async ({ text, isHeadRequest }) => {
      const ours = parsed(text, { isHeadRequest, isClosed: true });
      if (ours.error !== null) return;
      // Node refuses more: blanks behind a length, a length among trailers, what stands behind an interim answer that
      // says `close`.
      const nodes = await readByNode(text, isHeadRequest);
      if (nodes === null) return;
      taken += 1;
      expect(nodes).toMatchObject({ status: ours.status, body: ours.body });
    }),
    propertyRuns,
  );
  expect(taken).toBeGreaterThan(0);
});
