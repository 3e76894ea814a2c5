/** {@code sled demo}: one server and several devices on this machine. */
package org.sled.cli.demo;
