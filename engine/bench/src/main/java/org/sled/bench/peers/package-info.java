/**
 * The peers: what SLED is measured against on the same machine, weights and threads.
 *
 * <ul>
 *   <li>{@link org.sled.bench.peers.LlamaServer}, llama.cpp's own server, which {@link
 *       org.sled.bench.peers.LlamaServerDevice} loads exactly as our daemon is loaded;
 *   <li>{@link org.sled.bench.peers.BatchedBench}, llama.cpp without any server: the floor of what
 *       a step costs;
 *   <li>{@link org.sled.bench.peers.JavaLlama}, java-llama.cpp, a single local stream.
 * </ul>
 *
 * <p>Each runs in a process of its own ({@link org.sled.bench.peers.ServerProcess}); {@link
 * org.sled.bench.peers.PeerFiles} says which are there, and how to get those that are not.
 */
package org.sled.bench.peers;
