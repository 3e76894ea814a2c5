package org.sled.core.schedule;

import org.sled.core.cost.StepCost;

/**
 * A server's policy, with what it learns. Belongs to the verifier's thread.
 *
 * @param scheduler plans steps from the queue, the book and the cost
 * @param book is told what sessions do
 * @param cost is taught by each step
 * @param tokenNanos time per token within which readers should get theirs; 0 for no objective
 * @param hostBytes of saved K/V at most
 * @param sharesPrefixes whether K/V of common beginnings is computed once
 */
public record Scheduling(
    BatchScheduler scheduler,
    SessionBook book,
    StepCost cost,
    long tokenNanos,
    long hostBytes,
    boolean sharesPrefixes) {}
