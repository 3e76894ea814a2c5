/**
 * Recorded drafts. A trace holds a set of generations, and for every committed position of each
 * what the draft model would propose there and how long that takes. Since the text is the target's,
 * always, a replayed device meets exactly the positions of the trace, whatever its block length or
 * policy is; so thousands of devices draft without a draft model and without its CPU time.
 */
package org.sled.bench.trace;
