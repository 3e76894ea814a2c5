/**
 * The target's vocabulary at a device: fetched once, kept, and compared with the draft model's.
 * Internal: may change in any release.
 */
package org.sled.device.vocabulary;
