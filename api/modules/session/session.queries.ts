/** Reads of a user's own sessions. */
import type { UserPrincipal } from '../../principal.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { Database } from '../../tenancy/database.js';
import type { ActiveSession } from './session.inputs.js';
import { SESSION_IDLE_MS } from './session.service.js';

type SessionRow = Omit<ActiveSession, 'isCurrent'>;

export class SessionQueries {
  constructor(private readonly database: Database) {}

  /** Those that still stand, newest first. */
  async page(
    { userId, sessionId }: UserPrincipal,
    request: PageRequest,
    cursorOf: (id: string) => string,
  ): Promise<Page<ActiveSession>> {
    const rows = await this.database.inLookup({ 'app.user': userId }, (tx) =>
      tx.query<SessionRow>(
        `SELECT s.id, s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt", s.expires_at AS "expiresAt",
           host(s.ip) AS ip, s.user_agent AS "userAgent"
         FROM session s
         WHERE ${tx.owned('s.user_id = $1')} AND s.revoked_at IS NULL AND s.expires_at > now()
           AND s.last_used_at > now() - make_interval(secs => $2) AND ($3::uuid IS NULL OR s.id < $3)
         ORDER BY s.id DESC LIMIT $4`,
        [userId, SESSION_IDLE_MS / 1_000, request.after, request.first + 1],
      ),
    );
    const sessions = rows.map((row) => ({ ...row, isCurrent: row.id === sessionId }));
    return pageOf(sessions, request, (row) => cursorOf(row.id));
  }
}
