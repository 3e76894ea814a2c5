/** {@code sled serve}. */
package org.sled.cli.serve;
