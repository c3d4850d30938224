export { recordAudit, recordFirstAudit } from './audit.js';
export { AuditExport, auditExportSchema } from './audit-export.js';
export { auditFilterSchema } from './audit.inputs.js';
export { AuditQueries } from './audit.queries.js';
export { AccountAuditResolver } from './audit.resolver.js';
export { dropOldEvents } from './audit-upkeep.js';
export { recordUserAudit } from './user-audit.js';
