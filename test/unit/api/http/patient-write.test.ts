import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, test } from '@jest/globals';
import { whenEnded, whenTaken } from '../../../../api/http/patient-write.js';

/** An answer whose client takes nothing. */
function heldAnswer(): ServerResponse {
  const connection = new Duplex({ read: () => undefined, write: () => undefined });
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  response.assignSocket(connection as Socket); // all that an answer asks of it is a duplex's
  return response;
}

const LONG_MS = 60_000;

test('who takes what waits for him may have more', async () => {
  const response = heldAnswer();
  response.write('x'.repeat(1_000_000));
  const taken = whenTaken(response, LONG_MS);
  response.emit('drain'); // what node's server says then
  expect([await taken, response.destroyed]).toEqual([true, false]);
});

test('who takes nothing for so long is cut', async () => {
  const response = heldAnswer();
  response.write('x'.repeat(1_000_000));
  expect([await whenTaken(response, 10), response.destroyed]).toEqual([false, true]);
});

test('who does not take the end is cut', async () => {
  const response = heldAnswer();
  response.write('x');
  expect([await whenEnded(response, 10), response.destroyed]).toEqual([false, true]);
});

test('nobody waits for one who has left', async () => {
  const response = heldAnswer();
  response.write('x'.repeat(1_000_000));
  const taken = whenTaken(response, LONG_MS);
  response.destroy();
  expect([await taken, await whenTaken(response, LONG_MS), await whenEnded(response, LONG_MS)]).toEqual([
    true,
    true,
    true,
  ]);
});
