export { AcceptanceService } from './acceptance.service.js';
export { InvitationQueries } from './invitation.queries.js';
export { AccountInvitationsResolver, InvitationResolver } from './invitation.resolver.js';
export { InvitationService } from './invitation.service.js';
