/**
 * Heap settings of a proxy process; imported first, before anything is allocated.
 *
 * V8 learns which allocation sites make long-lived objects and then allocates them in the old generation. Here a burst
 * of requests in flight teaches it wrongly: objects of one request are made old, and keep everything that they refer to
 * alive until a full collection. Without it a request promotes 0.02 KB instead of 5.7 KB.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--no-allocation-site-pretenuring');

/**
 * The old generation may grow by half before all of it is collected. By itself V8 lets one that is collected seldom
 * grow by a tenth, less what memory outside of the heap has grown by meanwhile: under load that was a full collection
 * every two to five seconds, of 60 ms of a processor, to free 3 MB. There are a third as many so, at the same memory.
 */
setFlagsFromString('--heap-growing-percent=50');
