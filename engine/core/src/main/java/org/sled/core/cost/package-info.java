/** What a step of the target takes: learnt from every step, by rows, sessions and contexts. */
package org.sled.core.cost;
