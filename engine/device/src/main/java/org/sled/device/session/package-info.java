/**
 * One generation on its draft thread: open, draft, send, commit, until it is finished. Internal:
 * may change in any release.
 */
package org.sled.device.session;
