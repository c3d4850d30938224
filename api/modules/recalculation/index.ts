export { RecalculationResolver } from './recalculation.resolver.js';
export { RecalculationService } from './recalculation.service.js';
