/**
 * Where drafts come from, and how a client decides how many there are. {@link
 * org.sled.device.draft.DraftPolicy} is for applications; the rest is internal and may change in
 * any release.
 */
package org.sled.device.draft;
