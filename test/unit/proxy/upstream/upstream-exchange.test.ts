import { expect, test } from '@jest/globals';
import type { RunningCall } from '../../../../proxy/upstream/http1/http-call.js';
import {
  UpstreamExchange,
  type AnswerSink,
  type UpstreamAnswer,
} from '../../../../proxy/upstream/upstream-exchange.js';

/** An exchange whose every word is written down. */
function recorded(onAnswer: (answer: UpstreamAnswer) => void = () => undefined) {
  const said: string[] = [];
  const exchange = new UpstreamExchange({
    onAnswer(answer) {
      said.push(`answer ${answer.statusCode}`);
      onAnswer(answer);
    },
    onFailure: (error) => void said.push(`failure ${String(error)}`),
  });
  const running: RunningCall = {
    wasSent: true,
    abort: () => void said.push('abort'),
    resume: () => void said.push('resume'),
  };
  exchange.onStart(running);
  const sink: AnswerSink = {
    data: (chunk) => (said.push(`data ${chunk.toString()}`), true),
    end: () => void said.push('end'),
    error: (error) => void said.push(`error ${String(error)}`),
  };
  return { exchange, said, sink };
}

test('what comes before the relay attaches is kept for it, in order, with the end', () => {
  const { exchange, said, sink } = recorded();
  exchange.onHead(200, ['a', 'b']);
  exchange.onData(Buffer.from('1'));
  exchange.onData(Buffer.from('2'));
  exchange.onComplete();
  exchange.attach(sink);
  expect(said).toEqual(['answer 200', 'data 1', 'data 2', 'end']);
});

test('an answer that broke off before the relay attaches breaks off for it', () => {
  const { exchange, said, sink } = recorded();
  exchange.onHead(200, []);
  exchange.onData(Buffer.from('1'));
  exchange.onError(new Error('cut'));
  exchange.attach(sink);
  expect(said).toEqual(['answer 200', 'data 1', 'error Error: cut']);
});

test('an error before the head is a failure', () => {
  const { exchange, said } = recorded();
  exchange.onError(new Error('refused'));
  expect(said).toEqual(['failure Error: refused']);
});

test('an answer that nobody could take is a failure, not an answer without an end', () => {
  const { exchange, said } = recorded(() => {
    throw new Error('thrown');
  });
  expect(() => exchange.onHead(200, [])).toThrow('thrown');
  exchange.onError(new Error('thrown'));
  expect(said).toEqual(['answer 200', 'failure Error: thrown']);
});

test('a cancelled exchange stops its call once, and says nothing of what that call is told', () => {
  const { exchange, said, sink } = recorded();
  exchange.onHead(200, []);
  exchange.attach(sink);
  exchange.cancel();
  exchange.cancel();
  exchange.onError(new Error('cancelled'));
  expect(said).toEqual(['answer 200', 'abort']);
});

test('an exchange that is over stops nothing', () => {
  const { exchange, said, sink } = recorded();
  exchange.onHead(204, []);
  exchange.attach(sink);
  exchange.onComplete();
  exchange.cancel();
  expect(said).toEqual(['answer 204', 'end']);
});
