/**
 * Draft policies in virtual time: one device with a recorded draft model, before a server whose
 * steps take what a cost table says. The draft loop, the policies and the server's decisions are
 * those of real devices and daemons.
 */
package org.sled.bench.simulate;
