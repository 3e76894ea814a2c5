/** What every command has around it: streams, signals, failures and their exit codes. */
package org.sled.cli.command;
