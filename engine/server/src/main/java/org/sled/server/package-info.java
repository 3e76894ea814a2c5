/**
 * The daemon: sessions of many devices, and the one thread that owns the target's context and
 * verifies their blocks.
 *
 * <p>The way of a block: {@link org.sled.server.ingress.FrameRouter} (event loop) finds its
 * session, {@link org.sled.server.verify.VerifierInbox} carries it over, {@link
 * org.sled.server.verify.Verifier} (the verifier thread) decides it by the round rules, plans a
 * step, lets {@link org.sled.server.target.TargetEngine} compute it, and {@link
 * org.sled.server.verify.Replies} encodes the verdict from the slot.
 *
 * <p>Threads: {@code FrameRouter} runs on the event loops; {@code Verifier}, {@code ServerSession}
 * and the engine belong to the verifier thread; {@code Daemon} may be used by any thread.
 */
package org.sled.server;
