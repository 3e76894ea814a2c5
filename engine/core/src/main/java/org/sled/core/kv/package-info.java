/**
 * Which session has which sequence of the K/V cache, and whose prompt begins with the same tokens.
 */
package org.sled.core.kv;
