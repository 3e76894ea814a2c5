/** What drafts cost a server as things are, for its devices to decide how many they make. */
package org.sled.core.price;
