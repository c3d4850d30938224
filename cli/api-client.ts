/** The public GraphQL api, as far as configurations go. */
import { z } from 'zod';
import type { ConfigDocumentText } from '../schema/contracts/config-document.js';
import type { CliConfig } from './config.js';
import { Problem } from './problem.js';

const TIMEOUT_MS = 60_000;
/** The api takes no larger request (docs/configuration-as-code.md). */
const REQUEST_BYTES_MAX = 65_536;

const answerSchema = z.object({
  data: z.unknown(),
  errors: z
    .array(z.object({ message: z.string(), extensions: z.object({ code: z.string(), field: z.string().optional() }) }))
    .optional(),
});

const accountSchema = z.object({ id: z.string(), name: z.string() });
const exportSchema = z.object({
  account: z.object({ configuration: z.object({ document: z.unknown(), revision: z.string() }) }).nullable(),
});
const appliedSchema = z.object({
  applyConfig: z.object({
    revision: z.string(),
    secrets: z.array(z.string()),
    steps: z.array(
      z.object({
        kind: z.enum(['CREATE', 'UPDATE', 'DELETE']),
        path: z.string(),
        changes: z.array(z.object({ path: z.string(), before: z.unknown(), after: z.unknown() })),
      }),
    ),
  }),
});
export type Plan = z.infer<typeof appliedSchema>['applyConfig'];

/** A refusal of the api. */
export class ApiRefusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** of what was sent; null: of none of it */
    readonly field: string | null,
  ) {
    super(message);
    this.name = 'ApiRefusal';
  }
}

export interface Application {
  readonly document: ConfigDocumentText;
  readonly prune: boolean;
  /** null: a plan alone */
  readonly secrets: readonly { readonly from: string; readonly value: string }[] | null;
  readonly ifRevision: string | null;
}

export class ApiClient {
  constructor(private readonly config: CliConfig) {}

  /** The account that is meant. */
  async account(): Promise<z.infer<typeof accountSchema>> {
    const { account } = this.config;
    if (account !== null) {
      const asked = 'query ($name: String) { account(name: $name) { id name } }';
      const found = z.object({ account: accountSchema.nullable() }).parse(await this.ask(asked, { name: account }));
      if (found.account === null) throw new Problem([`there is no account ${account} that this token is of`]);
      return found.account;
    }
    const asked = await this.ask('{ viewer { accounts(first: 1) { edges { node { id name } } } } }', {});
    const edges = z.array(z.object({ node: accountSchema }));
    const found = z.object({ viewer: z.object({ accounts: z.object({ edges }) }) }).parse(asked);
    const [edge] = found.viewer.accounts.edges;
    if (edge === undefined) throw new Problem(['this token is of no account']);
    return edge.node;
  }

  /** The account's configuration as a document. */
  async export(accountName: string): Promise<unknown> {
    const asked = 'query ($name: String) { account(name: $name) { configuration { document revision } } }';
    const { account } = exportSchema.parse(await this.ask(asked, { name: accountName }));
    if (account === null) throw new Problem([`there is no account ${accountName} any more`]);
    return account.configuration.document;
  }

  /** Plans, or applies what the secrets came with. */
  async apply(accountId: string, application: Application): Promise<Plan> {
    const { document, prune, secrets, ifRevision } = application;
    const input = { accountId, document, prune, ifRevision, dryRun: secrets === null, secrets: secrets ?? [] };
    const asked = `mutation ($input: ApplyConfigInput!) { applyConfig(input: $input) {
      revision secrets steps { kind path changes { path before after } } } }`;
    return appliedSchema.parse(await this.ask(asked, { input })).applyConfig;
  }

  private async ask(query: string, variables: object): Promise<unknown> {
    const { url, token } = this.config;
    const body = JSON.stringify({ query, variables });
    if (Buffer.byteLength(body) > REQUEST_BYTES_MAX) {
      throw new Problem([`the configuration and its secrets have more than ${REQUEST_BYTES_MAX} bytes as JSON`]);
    }
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body, signal, redirect: 'error' }).catch(
      (error: unknown) => {
        throw new Problem([`the api at ${url} cannot be reached: ${reasonOf(error)}`]);
      },
    );
    const answer = answerSchema.safeParse(await response.json().catch(() => null));
    if (!answer.success) throw new Problem([`${url} answered ${response.status}, and not as an api of Tollgate`]);
    const [error] = answer.data.errors ?? [];
    if (error === undefined) return answer.data.data;
    throw new ApiRefusal(error.extensions.code, error.message, error.extensions.field ?? null);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  return error.cause instanceof Error ? error.cause.message : error.message;
}
