/** Jest runs it once after the last test file. */
import { stopServices } from './services.js';

export default stopServices; // jest takes the default export and nothing else
