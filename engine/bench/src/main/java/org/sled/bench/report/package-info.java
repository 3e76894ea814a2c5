/**
 * What a run leaves behind: {@code result.json}, HdrHistogram files, and a page for people.
 *
 * <p>All of it comes from the same histograms: {@link org.sled.bench.report.RunRecord} collects
 * them, {@link org.sled.bench.report.BenchResult} is what is written.
 */
package org.sled.bench.report;
