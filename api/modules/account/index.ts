export { AccountChangesService } from './account-changes.service.js';
export { AccountErasure } from './account-erasure.js';
export { AccountQuotas, quotasOf } from './account.inputs.js';
export { AccountQueries } from './account.queries.js';
export { AccountResolver } from './account.resolver.js';
export { AccountService, nameConflict, type AccountDraft } from './account.service.js';
export { Viewer, ViewerResolver } from './viewer.resolver.js';
