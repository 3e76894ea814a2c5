/**
 * The K/V of sessions: who has a sequence of the cache, who waits for one, what is saved and
 * shared.
 */
package org.sled.server.kv;
