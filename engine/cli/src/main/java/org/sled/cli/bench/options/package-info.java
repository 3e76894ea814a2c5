/** The options of {@code sled bench}. */
package org.sled.cli.bench.options;
