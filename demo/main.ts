/** The demo provider's process, run by `npm start`: a loopback port of the system's choice, told to the parent. */
import { listen } from '../platform/listen.js';
import { onShutdown } from '../platform/shutdown.js';
import { createDemoProvider } from './provider.js';

const server = createDemoProvider();
async function closeServer(): Promise<void> {
  server.close();
  server.closeAllConnections();
}

onShutdown({
  steps: [{ name: 'close', run: closeServer }],
  report: (what, error) => console.error(what, error),
});
const port = await listen(server, { host: '127.0.0.1', port: 0, name: 'demo provider', variable: 'DEMO' });
process.send?.({ kind: 'ready', port });
