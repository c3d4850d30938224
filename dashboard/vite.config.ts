/** The bundle: hashed files, a chunk for each page, and nothing that a strict Content-Security-Policy would refuse. */
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: '../dist/dashboard/site',
    emptyOutDir: true,
    manifest: 'manifest.json', // which files a page needs: scripts/check/dashboard-size.mjs adds them up
    target: ['chrome123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0, // a data: URL would need a hole in the policy
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // `npx vite dashboard`: pages as they are edited, over an api that runs beside
  server: { proxy: { '/graphql': 'http://localhost:4000' } },
});
