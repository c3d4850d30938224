/** The commands of `tollgate`, and what they print. */
import { writeFileSync } from 'node:fs';
import { errorCode } from '../platform/error-code.js';
import { ApiClient, ApiRefusal, type Plan } from './api-client.js';
import type { Arguments } from './arguments.js';
import { ConfigFile, configText } from './config-file.js';
import type { CliConfig } from './config.js';
import { planText } from './plan-text.js';
import { Problem } from './problem.js';
import { secretValues } from './secret-values.js';

/** Exit code of `plan --exit-code` when there is something to do. */
const SOMETHING_TO_DO = 3;
const DOCUMENT_FIELD = /^input\.document\.?/;

/** Runs a command and answers the exit code. Throws Problem, and nothing else that a caller could mend. */
export async function runCommand(wanted: Arguments, config: CliConfig, say: (text: string) => void): Promise<number> {
  const api = new ApiClient(config);
  if (wanted.command === 'export') {
    const text = await refusalsAsProblems(null, async () => configText(await api.export((await api.account()).name)));
    if (wanted.out === null) say(text);
    else write(wanted.out, text);
    return 0;
  }
  const file = new ConfigFile(wanted.file);
  const { document } = file;
  return refusalsAsProblems(file, async () => {
    const account = await api.account();
    const { prune, ifRevision } = wanted;
    const plan = await api.apply(account.id, { document, prune, ifRevision, secrets: null });
    say(planText(plan));
    if (wanted.command === 'plan') return afterPlan(plan, wanted, say);
    if (plan.steps.length === 0) return 0;
    const secrets = secretValues(plan.secrets, file, config.variable);
    // What is done is what was shown, or nothing.
    await api.apply(account.id, { document, prune, secrets, ifRevision: plan.revision });
    say(`Applied to the account ${account.name}.\n`);
    return 0;
  });
}

function afterPlan(plan: Plan, wanted: Arguments, say: (text: string) => void): number {
  if (plan.steps.length === 0) return 0;
  if (plan.secrets.length > 0) say(`Secrets that this takes: ${plan.secrets.join(', ')}\n`);
  if (!wanted.prune && plan.steps.some(({ kind }) => kind === 'DELETE')) say('What is deleted takes --prune.\n');
  say(`To apply just this: --if-revision ${plan.revision}\n`);
  return wanted.exitCode ? SOMETHING_TO_DO : 0;
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new Problem([`${path} cannot be written: ${errorCode(error) ?? 'unknown reason'}`]);
  }
}

/** What the api refuses is told at its line in the file. */
async function refusalsAsProblems<T>(file: ConfigFile | null, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    const { field, message, code } = error;
    if (file === null || field === null || !DOCUMENT_FIELD.test(field)) throw new Problem([`${code} ${message}`]);
    const place = field.replace(DOCUMENT_FIELD, '').split('.');
    const problem = message.startsWith(`${field} `) ? message.slice(field.length + 1) : message;
    throw new Problem([file.told(place, problem)]);
  }
}
