export { recordAudit, recordFirstAudit } from './audit.js';
export { recordUserAudit } from './user-audit.js';
