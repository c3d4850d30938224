export { LogBodyQueries, type LogBodies } from './log-body.queries.js';
