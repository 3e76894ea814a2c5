/** {@code sled fit}: whether a draft model pays for a target. */
package org.sled.cli.fit;
