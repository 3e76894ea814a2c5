/**
 * Whether a pair of models pays: prompts of several kinds, how often drafts are right for each,
 * what is to be expected for links, devices and sessions, and a sentence of advice. Which known
 * draft models there are for a family of targets.
 */
package org.sled.bench.fit;
