/** {@code sled simulate}: a trace in virtual time. */
package org.sled.cli.simulate;
