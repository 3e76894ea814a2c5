/** What commands print for people: progress, sizes, percentiles, tables. */
package org.sled.cli.output;
