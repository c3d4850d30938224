/** The outcome of a run for people: what was made, what was compared, and what came of it. */
import type { ProofOptions } from './options.js';
import type { ProofRun } from './proof.js';
import { FAULT_KINDS, NEVER_RUN, type FaultKind } from './schedule.js';
import { FINDINGS, type Finding, type Verdict } from './verdict.js';

const NAMES: Readonly<Record<Finding, string>> = {
  lost: 'lost',
  duplicated: 'duplicated',
  phantom: 'phantom',
  calledAgain: 'called again',
  wrongAmount: 'wrong amount',
  unexplainedEstimate: 'unexplained estimate',
  wronglyQuarantined: 'in quarantine without a cause',
};

function table(heads: readonly [string, string], rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...[heads, ...rows].map(([first]) => first.length));
  const last = Math.max(...[heads, ...rows].map(([, second]) => second.length));
  const line = ([first, second]: readonly [string, string]): string =>
    `| ${first.padEnd(width)} | ${second.padStart(last)} |`;
  return [line(heads), `| ${'-'.repeat(width)} | ${'-'.repeat(last - 1)}: |`, ...rows.map(line)].join('\n');
}

export function describeRun(options: ProofOptions, run: ProofRun, verdict: Verdict): string {
  const { seed, durability } = options;
  const counts = Object.entries(verdict.counts).map(([name, count]) => [name, String(count)] as const);
  const head = `seed ${seed}, durability ${durability}, ${run.redis}, load for ${Math.round(run.loadMs / 1000)} s`;
  return [
    head,
    table(['Requests and rows', ''], counts),
    faultTable(run),
    ...notMade(run),
    `Not run:\n${[...run.notRun, ...NEVER_RUN].map((fault) => `- ${fault}`).join('\n')}`,
    ...(run.remarks.length === 0 ? [] : [`Beside the plan:\n${run.remarks.map((line) => `- ${line}`).join('\n')}`]),
    describeVerdict(verdict),
  ].join('\n\n');
}

export function describeVerdict({ findings, spools }: Verdict): string {
  const { missing, doubled, untold, unshipped } = spools;
  const rows = [
    ...FINDINGS.map((finding) => [NAMES[finding], String(findings[finding].count)] as const),
    [`numbers missing, of ${spools.spools} spools`, String(missing)] as const,
    ['numbers that stand twice', String(doubled)] as const,
    ['numbers in no shipment', String(untold)] as const,
    ['records not shipped', String(unshipped)] as const,
  ];
  const examples = FINDINGS.flatMap((finding) =>
    findings[finding].examples.map((example) => `${NAMES[finding]}: ${example}`),
  );
  return [table(['Verdict', ''], rows), ...examples].join('\n');
}

function faultTable({ faults }: ProofRun): string {
  const kinds = Object.entries(FAULT_KINDS).map(([kind, name]) => {
    const made = faults.filter((fault) => fault.kind === kind && fault.isMade).length;
    return [name, String(made)] as const;
  });
  const total = String(faults.filter(({ isMade }) => isMade).length);
  return table(['Faults made', ''], [...kinds, ['all', total]]);
}

function notMade({ faults }: ProofRun): string[] {
  const missed = faults.filter(({ isMade }) => !isMade);
  if (missed.length === 0) return [];
  const nameOf = (kind: FaultKind): string => FAULT_KINDS[kind];
  return [`Planned, not made:\n${missed.map(({ kind, told }) => `- ${nameOf(kind)}: ${told}`).join('\n')}`];
}
