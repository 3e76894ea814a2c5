/** Groups of options that several commands have. */
package org.sled.cli.options;
