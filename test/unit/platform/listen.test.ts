import { expect, test } from '@jest/globals';
import { PortError } from '../../../platform/listen.js';

const taken = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });

test('a taken port is named together with the variable that chooses another', () => {
  const error = new PortError({ host: '127.0.0.1', port: 8787, name: 'proxy', variable: 'PROXY_PORT' }, taken);
  expect(error.message).toBe(
    'The proxy cannot listen on 127.0.0.1:8787: another program has that port. ' +
      'Choose another port with PROXY_PORT, for instance PROXY_PORT=8788.',
  );
});
