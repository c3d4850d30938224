export { MemberQueries } from './member.queries.js';
export { AccountMembersResolver, MemberResolver } from './member.resolver.js';
export { MemberService } from './member.service.js';
