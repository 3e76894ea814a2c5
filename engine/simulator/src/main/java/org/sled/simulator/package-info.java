/**
 * Server and devices in virtual time, for experiments and tests: the server's router and verifier
 * and the device's draft loop are the real ones, the network, the clock and the target's arithmetic
 * are not. The same input gives the same numbers.
 */
package org.sled.simulator;
