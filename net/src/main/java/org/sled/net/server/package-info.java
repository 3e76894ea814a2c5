/**
 * The server's end of the wire: {@link org.sled.net.server.ServerTransport} accepts connections,
 * {@link org.sled.net.server.ServerHandler} leads each through its handshake and hands its frames
 * to the daemon's {@link org.sled.net.server.ConnectionListener}.
 *
 * <p>Threads: listener callbacks run on the event loop of their connection, one at a time for one
 * connection, at the same time for several; they must not block. {@link
 * org.sled.net.server.Connection} may be used by any thread.
 */
package org.sled.net.server;
