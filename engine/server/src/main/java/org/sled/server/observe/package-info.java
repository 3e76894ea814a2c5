/** What operators see of a daemon: counters, metrics, health. */
package org.sled.server.observe;
