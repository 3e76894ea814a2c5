/** The load on our own daemon, through the client library. */
package org.sled.bench.sled;
