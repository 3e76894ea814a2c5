/** What was meant by a mistaken command line. */
package org.sled.cli.usage;
