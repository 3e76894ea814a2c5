/**
 * Between bytes and frames: {@link org.sled.net.codec.FrameEncoder} writes messages, {@link
 * org.sled.net.codec.FrameDecoder} cuts a byte stream into frames and checks every bound before it
 * buffers, {@link org.sled.net.codec.FrameReader} reads the cold ones.
 *
 * <p>Threads: the decoder runs on its connection's event loop; encoder and reader keep no state and
 * run wherever they are called.
 */
package org.sled.net.codec;
