/** Text to tokens and back, and where a text ends. Internal: may change in any release. */
package org.sled.device.text;
