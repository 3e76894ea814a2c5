/**
 * The client's end of the wire: {@link org.sled.net.client.ClientTransport} connects, {@link
 * org.sled.net.client.ClientConnection} sends, {@link org.sled.net.client.ClientListener} receives.
 *
 * <p>Threads: connecting blocks the caller; sending may be done by any thread; listener callbacks
 * run on the connection's event loop and must not block. Event loops are daemon threads, shared by
 * all connections of a transport.
 */
package org.sled.net.client;
