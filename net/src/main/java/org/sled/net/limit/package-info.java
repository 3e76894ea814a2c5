/**
 * Bounds on what a peer can cause, whatever it sends: {@link org.sled.net.limit.ByteBudget} on
 * memory that all connections share, {@link org.sled.net.limit.ReadPace} on how fast one is read,
 * {@link org.sled.net.limit.LogLimit} on log lines, {@link org.sled.net.limit.Quoted} on what its
 * text can do to a log or a terminal. Decisions only: time comes in as an argument.
 */
package org.sled.net.limit;
