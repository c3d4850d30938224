#!/usr/bin/env node
/** `tollgate`: an account's configuration as a file, over the public api. */
import { environmentOfProcess } from './config.js';
import { runProgram } from './program.js';

process.exitCode = await runProgram(process.argv.slice(2), environmentOfProcess(), {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
});
