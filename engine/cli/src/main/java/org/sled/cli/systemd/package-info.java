/** Keeps systemd informed of a daemon. */
package org.sled.cli.systemd;
