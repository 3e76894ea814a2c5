/**
 * What both ends of a connection do on top of a Netty channel: {@link
 * org.sled.net.channel.FrameChannel} sends frames from any thread without allocating, {@link
 * org.sled.net.channel.PeerWatch} notices a peer that is gone.
 *
 * <p>Threads: {@code FrameChannel.send} may be called by any thread; everything else runs on the
 * connection's event loop.
 */
package org.sled.net.channel;
