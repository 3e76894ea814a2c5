/** What goes into the next step: which sessions, and how many rows of each. */
package org.sled.core.schedule;
