export { ConfigResolver } from './config.resolver.js';
export { ConfigService } from './config.service.js';
