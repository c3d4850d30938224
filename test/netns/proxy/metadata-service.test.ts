import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import type { MetadataReport } from '../../support/metadata-process.js';

const PROGRAM = fileURLToPath(new URL('../../support/metadata-process.js', import.meta.url));
/** The namespace has no name and ends with its process: nothing of the machine's own network is touched. */
const IN_NAMESPACE = `ip link set lo up && ip address add 169.254.169.254/32 dev lo &&
  ip address add fd00:ec2::254/128 dev lo nodad && exec "$0" "$1"`;

test("T-SSRF-4: a cloud's metadata service, listening at its own address, is reached by no way that a tenant has", async () => {
  const args = ['--net', 'sh', '-c', IN_NAMESPACE, process.execPath, PROGRAM];
  const { stdout } = await promisify(execFile)('unshare', args);
  const report = JSON.parse(stdout) as MetadataReport; // what the program prints
  expect(report).toMatchObject({
    tenantConnects: 0,
    answers: [
      '502: the egress proxy may not be reached at its address',
      '502: the provider may not be reached at its address',
    ],
    operatorConnects: 1, // the canary does sing
  });
  expect(report.tenantCalls).toBeGreaterThan(100);
  process.stdout.write(`T-SSRF-4: ${report.tenantCalls} calls in a namespace, 0 to the metadata service\n`);
});
