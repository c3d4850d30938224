export { recordAudit, recordFirstAudit } from './audit.js';
