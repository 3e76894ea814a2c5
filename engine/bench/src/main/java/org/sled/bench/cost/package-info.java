/**
 * What verification costs, and what could be reached with it: {@link
 * org.sled.bench.cost.CostMeasurement} fills a {@link org.sled.bench.cost.CostTable}, from which
 * {@link org.sled.bench.cost.Bound} tells the best rate that any block length could give.
 */
package org.sled.bench.cost;
