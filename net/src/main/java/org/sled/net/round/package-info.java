/**
 * The round's state machine as pure code: what a server does with a block ({@link
 * org.sled.net.round.RoundRules}) and what a device does with a verdict ({@link
 * org.sled.net.round.DeviceRounds}). PROTOCOL.md has both as tables, whose row numbers the tests
 * use.
 *
 * <p>Threads: nothing here blocks, reads a clock or locks. The server's side runs on the thread
 * that owns the session (the verifier), the device's on the session's draft thread. Deciding
 * allocates nothing.
 */
package org.sled.net.round;
