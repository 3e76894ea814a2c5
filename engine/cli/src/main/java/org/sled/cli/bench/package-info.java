/** {@code sled bench}: what is measured, and in which order. */
package org.sled.cli.bench;
