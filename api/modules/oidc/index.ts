export { IdentityService } from './identity.service.js';
export { localPath } from './local-path.js';
export { OidcClient, type OidcOptions } from './oidc-client.js';
export { FLOW_MS, newFlow, openFlow, sealFlow, type OidcFlow } from './oidc-flow.js';
