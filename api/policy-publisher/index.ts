export {
  announceGateways,
  lockAllGateways,
  lockForNewGateway,
  lockGateways,
  renumberGateways,
} from './gateway-changes.js';
export { recordVersions } from './gateway-versions.js';
export { dropOldChanges, nextRevision, recordChange, recordFirstChange } from './policy-outbox.js';
export { PolicyPublisher } from './policy-publisher.js';
