/** What {@code sled bench} prints and writes. */
package org.sled.cli.bench.output;
