export { ExplainResolver } from './explain.resolver.js';
export { ExplainService } from './explain.service.js';
export { ProxyExplainer, type RequestExplainer } from './request-explainer.js';
