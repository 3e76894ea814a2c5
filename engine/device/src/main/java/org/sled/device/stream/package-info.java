/**
 * Tokens of one generation on their way from the draft thread to the application. Internal: may
 * change in any release.
 */
package org.sled.device.stream;
