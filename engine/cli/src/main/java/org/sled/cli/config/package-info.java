/**
 * Where values come from that no option says: the environment, and the configuration file of {@code
 * sled serve}.
 */
package org.sled.cli.config;
