/**
 * JMH microbenchmarks of what runs for every round: codec, scheduler, the crossing into native
 * code, a step. {@code ./sled microbench} runs them; with {@code -prof gc} they tell the bytes
 * allocated per operation, which are to be 0.
 */
package org.sled.microbench;

