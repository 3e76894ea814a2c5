/**
 * A client's connections to its servers, and a session's way over them. Internal: may change in any
 * release.
 */
package org.sled.device.link;
