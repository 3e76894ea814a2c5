/** {@code sled doctor}. */
package org.sled.cli.doctor;
