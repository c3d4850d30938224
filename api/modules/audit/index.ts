export { recordAudit, recordFirstAudit, type AuditEntry } from './audit.js';
