/** What an address says of the audit log's filter, as the api takes it. */
import type { AuditFilter } from '../../gql/graphql.js';

export interface FilterTexts {
  readonly action: string | null;
  readonly actor: string | null;
  /** days in the viewer's zone, both of them within */
  readonly from: string | null;
  readonly to: string | null;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** A kind of thing (`gateway`) stands for all that was done to it. */
export function auditFilter({ action, actor, from, to }: FilterTexts): AuditFilter {
  return {
    ...(action === null ? {} : { actions: [action.includes('.') ? action : `${action}.*`] }),
    ...(actor === null ? {} : { actors: [actorOf(actor)] }),
    ...moment('from', from, 0),
    ...moment('to', to, 1),
  };
}

/** Events name users by `user:{email}`; who types an email means that. */
const actorOf = (actor: string): string =>
  actor.includes('@') && !/^(?:user|operator):/.test(actor) ? `user:${actor}` : actor;

/** Midnight of a day in the viewer's zone, or of one that many days on; `to` is exclusive for the api. */
function moment(name: 'from' | 'to', day: string | null, daysOn: number): Partial<Record<'from' | 'to', string>> {
  if (day === null || !DAY.test(day)) return {};
  const at = new Date(`${day}T00:00`);
  at.setDate(at.getDate() + daysOn);
  return Number.isNaN(at.getTime()) ? {} : { [name]: at.toISOString() };
}
