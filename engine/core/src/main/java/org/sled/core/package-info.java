/**
 * Pure decisions: what to put into a batch, how long a block should be, what a draft token costs.
 *
 * <p>Nothing here opens a socket, calls native code, reads a clock or starts a thread: time, random
 * numbers and configuration come in as arguments, so that the simulator and the tests run the very
 * classes that the server and the devices run.
 */
package org.sled.core;
