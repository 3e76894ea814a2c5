/** How many tokens a device drafts before it sends them, and whether it drafts at all. */
package org.sled.core.draft;
