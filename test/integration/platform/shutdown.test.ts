import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';

const MODULE = new URL('../../../platform/shutdown.js', import.meta.url).href;

/** A process with two steps that print their names, then `after`; it says when its handlers are in place. */
function program(after: string, firstStep = "console.log('first')"): ChildProcess {
  const source = `
    import { onShutdown } from '${MODULE}';
    setInterval(() => undefined, 1000);
    const shutDown = onShutdown({
      steps: [{ name: 'one', run: async () => { ${firstStep} } }, { name: 'two', run: async () => console.log('second') }],
      report: (what, error) => console.log('reported ' + what + ': ' + error.message),
    });
    process.send('up');
    ${after}`;
  return spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
}

async function ending(child: ChildProcess): Promise<{ code: unknown; printed: string[] }> {
  if (child.stdout === null) throw new Error('no stdout');
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { code, printed: printed.trim().split('\n') };
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s runs the steps in order and ends with code 0',
  async (signal) => {
    const child = program('');
    await once(child, 'message');
    child.kill(signal);
    expect(await ending(child)).toEqual({ code: 0, printed: ['first', 'second'] });
  },
);

test('the loss of the parent runs the steps too', async () => {
  const child = program('');
  await once(child, 'message');
  child.disconnect();
  expect(await ending(child)).toEqual({ code: 0, printed: ['first', 'second'] });
});

test.each([
  ['an uncaught exception', "setTimeout(() => { throw new Error('broken') });", 'reported uncaught exception: broken'],
  ['an unhandled rejection', "Promise.reject(new Error('broken'));", 'reported unhandled rejection: broken'],
])('%s is reported, the steps run, and the code is 1', async (_, crash, report) => {
  expect(await ending(program(crash))).toEqual({ code: 1, printed: [report, 'first', 'second'] });
});

test('a failing step is reported, the next ones run, and the code is 1', async () => {
  const child = program('void shutDown(0);', "throw new Error('stuck')");
  expect(await ending(child)).toEqual({ code: 1, printed: ['reported one: stuck', 'second'] });
});

test('the two signals of one Ctrl-C under npm count as one', async () => {
  const child = program('');
  await once(child, 'message');
  child.kill('SIGINT');
  child.kill('SIGINT');
  expect(await ending(child)).toEqual({ code: 0, printed: ['first', 'second'] });
});
