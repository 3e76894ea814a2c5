/**
 * The load: which request starts when, on which device, and what is measured of it.
 *
 * <p>{@link org.sled.bench.load.BenchDevice} is the seam between the load and what serves it: our
 * own daemon through the client library, or a peer through its own protocol. The same load, prompts
 * and measurements apply to all.
 */
package org.sled.bench.load;
