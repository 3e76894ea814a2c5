/** {@code sled generate}: a text with a server, or of the target alone. */
package org.sled.cli.generate;
