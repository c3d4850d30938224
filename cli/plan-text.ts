/** A plan as people read it: what is made, changed and deleted, and what of it. */
import type { Plan } from './api-client.js';

const SIGNS = { CREATE: '+', UPDATE: '~', DELETE: '-' } as const;

/** Ends in a line that counts. */
export function planText({ steps }: Plan): string {
  if (steps.length === 0) return 'Nothing to do: the account is as the file says.\n';
  const lines = steps.flatMap(({ kind, path, changes }) => [
    `${SIGNS[kind]} ${path}`,
    ...(kind === 'DELETE' ? [] : changes.map((change) => `    ${changeText(change, kind === 'CREATE')}`)),
  ]);
  const count = (kind: keyof typeof SIGNS): number => steps.filter((step) => step.kind === kind).length;
  const total = `${count('CREATE')} to create, ${count('UPDATE')} to change, ${count('DELETE')} to delete`;
  return `${lines.join('\n')}\n${total}\n`;
}

type Change = Plan['steps'][number]['changes'][number];

function changeText({ path, before, after }: Change, isNew: boolean): string {
  return isNew ? `${path}: ${JSON.stringify(after)}` : `${path}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`;
}
